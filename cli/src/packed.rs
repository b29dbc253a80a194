//! Histories as stores keep them: compressed by gzip or zstd, or not at all. The first bytes tell
//! which, whatever the file is called.
//!
//! A stream that is cut or spoilt is an error where it breaks, never a shorter history: both formats
//! carry a checksum of what they hold, and it is compared.

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::{
    BlockDecodingStrategy, FrameDecoder,
    errors::{FrameDecoderError, ReadFrameHeaderError},
};
use std::io::{self, BufRead, BufReader, Cursor, Read};

const GZIP: &[u8] = b"\x1f\x8b";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";
/// How much is unpacked at once.
const BUFFER_BYTES: usize = 256 << 10;

/// What is in a file: its own bytes, or what they were compressed from.
pub(crate) fn unpacked(mut input: impl BufRead + 'static) -> io::Result<Box<dyn BufRead>> {
    let mut head = Vec::new();
    (&mut input).take(ZSTD.len() as u64).read_to_end(&mut head)?;
    let (is_gzip, is_zstd) = (head.starts_with(GZIP), head.starts_with(ZSTD));
    let whole = Cursor::new(head).chain(input);
    Ok(match (is_gzip, is_zstd) {
        (true, _) => Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(whole))),
        (_, true) => Box::new(BufReader::with_capacity(BUFFER_BYTES, Zstd { frame: None, whole })),
        (false, false) => Box::new(whole),
    })
}

/// Frames of zstd, one after the other.
struct Zstd<R> {
    frame: Option<FrameDecoder>,
    whole: R,
}

impl<R: BufRead> Zstd<R> {
    /// Begins the next frame; false if there is none.
    fn begin(&mut self) -> io::Result<bool> {
        while !self.whole.fill_buf()?.is_empty() {
            let mut decoder = FrameDecoder::new();
            match decoder.init(&mut self.whole) {
                Ok(()) => {
                    self.frame = Some(decoder);
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let length = u64::from(length);
                    let skipped = io::copy(&mut (&mut self.whole).take(length), &mut io::sink())?;
                    if skipped < length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(false)
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let Some(mut decoder) = self.frame.take() else {
                if self.begin()? {
                    continue;
                }
                return Ok(0);
            };
            let came = read_frame(&mut decoder, &mut self.whole, buffer)?;
            if came > 0 {
                self.frame = Some(decoder);
                return Ok(came);
            }
            let (told, found) =
                (decoder.get_checksum_from_data(), decoder.get_calculated_checksum());
            if told.is_some() && told != found {
                return Err(io::Error::other("the checksum differs: the file is damaged"));
            }
        }
    }
}

/// Reads on in a frame that has begun; 0 if it ends.
fn read_frame(
    decoder: &mut FrameDecoder,
    source: &mut impl Read,
    buffer: &mut [u8],
) -> io::Result<usize> {
    while decoder.can_collect() < buffer.len() && !decoder.is_finished() {
        let wanted = BlockDecodingStrategy::UptoBytes(buffer.len() - decoder.can_collect());
        decoder.decode_blocks(&mut *source, wanted).map_err(io::Error::other)?;
    }
    decoder.read(buffer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    use std::io::Write;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).expect("memory can be written");
        encoder.finish().expect("memory can be written")
    }

    fn zstd(content: &[u8]) -> Vec<u8> {
        compress_to_vec(content, CompressionLevel::Fastest)
    }

    fn unpack(packed: Vec<u8>) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        unpacked(Cursor::new(packed))?.read_to_end(&mut content)?;
        Ok(content)
    }

    /// Lines that do not repeat too much.
    fn content() -> Vec<u8> {
        (0..20_000_u32)
            .flat_map(|n| format!("{n} {}\n", n.wrapping_mul(2_654_435_761)).into_bytes())
            .collect()
    }

    #[test]
    fn what_was_packed_comes_out_again() {
        let content = content();
        assert_eq!(unpack(content.clone()).expect("it is plain"), content);
        for pack in [gzip, zstd] {
            assert_eq!(unpack(pack(&content)).expect("it is whole"), content);
            assert_eq!(unpack(pack(b"")).expect("it is whole"), b"");
            // Several one after the other, as gzip and pzstd of many pieces write them.
            let (front, back) = content.split_at(1000);
            let both = [pack(front), pack(back)].concat();
            assert_eq!(unpack(both).expect("it is whole"), content);
        }
    }

    #[test]
    fn a_frame_that_is_to_be_skipped_is_skipped() {
        let skipped = [b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc".as_slice()].concat();
        let packed = [zstd(b"one"), skipped, zstd(b"two")].concat();
        assert_eq!(unpack(packed).expect("it is whole"), b"onetwo");
    }

    #[test]
    fn what_is_cut_or_damaged_is_an_error() {
        let content = content();
        for pack in [gzip, zstd] {
            let packed = pack(&content);
            for end in [5, 20, packed.len() / 2, packed.len() - 1] {
                assert!(unpack(packed[..end].to_vec()).is_err(), "cut at {end}");
            }
            let mut damaged = packed.clone();
            let middle = damaged.len() / 2;
            damaged[middle] ^= 1;
            assert!(unpack(damaged).is_err());
        }
    }
}
