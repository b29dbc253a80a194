//! EDN's numbers, texts and characters.
//!
//! The fast ways take what nearly all of a history is: whole numbers of up to eighteen digits, and
//! texts without escapes. Everything else goes the long way round.

use super::{ENDS_WORD, Scanner, Stop};
use crate::formats::value::Tape;

impl Scanner<'_> {
    #[inline]
    pub(super) fn number(&mut self, tape: &mut Tape) -> Result<(), Stop> {
        let bytes = self.text.as_bytes();
        let is_negative = bytes[self.at] == b'-';
        let from = self.at + usize::from(matches!(bytes[self.at], b'+' | b'-'));
        let (mut at, mut number) = (from, 0_i64);
        while let Some(digit @ b'0'..=b'9') = bytes.get(at) {
            // Wrong from the nineteenth digit on, and then not used.
            number = number.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
            at += 1;
        }
        let is_short = at - from <= 18;
        match bytes.get(at) {
            Some(byte) if is_short && ENDS_WORD[usize::from(*byte)] => {}
            None if is_short && self.is_whole => {}
            Some(_) => return self.long_number(tape),
            None if self.is_whole => return self.long_number(tape),
            None => return Err(Stop::Ends),
        }
        self.at = at;
        tape.int(if is_negative { -number } else { number });
        Ok(())
    }

    #[cold]
    fn long_number(&mut self, tape: &mut Tape) -> Result<(), Stop> {
        let from = self.at;
        let word = self.word()?;
        let is_whole = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let bare = word.strip_prefix(['+', '-']).unwrap_or(word);
        let whole = bare.strip_suffix('N').unwrap_or(bare);
        if is_whole(whole) {
            let signed = &word[..word.len() - (bare.len() - whole.len())];
            match (signed.parse::<i64>(), signed.parse::<u64>()) {
                (Ok(number), _) => tape.int(number),
                (Err(_), Ok(number)) => tape.uint(number),
                (Err(_), Err(_)) => tape.text(signed),
            }
            return Ok(());
        }
        let is_ratio =
            bare.split_once('/').is_some_and(|(up, down)| is_whole(up) && is_whole(down));
        let is_hex = bare
            .strip_prefix("0x")
            .is_some_and(|hex| !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let is_decimal = bare.strip_suffix('M').is_some_and(is_float);
        if is_ratio || is_hex || is_decimal {
            tape.text(word);
        } else if is_float(bare) {
            tape.float(word.parse().expect("digits, a point and an exponent are a number"));
        } else {
            return Err(self.unexpected("a number", from));
        }
        Ok(())
    }

    #[inline]
    pub(super) fn string(&mut self, tape: &mut Tape) -> Result<(), Stop> {
        self.at += 1;
        let rest = self.rest();
        match rest.bytes().position(|byte| matches!(byte, b'"' | b'\\')) {
            None => Err(Stop::Ends),
            Some(end) if rest.as_bytes()[end] == b'"' => {
                self.at += end + 1;
                tape.text(&rest[..end]);
                Ok(())
            }
            Some(_) => self.escaped_string(tape),
        }
    }

    #[cold]
    fn escaped_string(&mut self, tape: &mut Tape) -> Result<(), Stop> {
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let plain = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\'));
            let plain = plain.ok_or(Stop::Ends)?;
            text.push_str(&rest[..plain]);
            self.at += plain + 1;
            if rest.as_bytes()[plain] == b'"' {
                tape.text(&text);
                return Ok(());
            }
            text.push(self.escape()?);
        }
    }

    /// What follows a backslash in a string.
    fn escape(&mut self) -> Result<char, Stop> {
        let from = self.at - 1;
        let byte = *self.text.as_bytes().get(self.at).ok_or(Stop::Ends)?;
        self.at += 1;
        Ok(match byte {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'"' | b'\\' | b'\'' | b'/' => char::from(byte),
            b'u' => self.utf16(from)?,
            b'0'..=b'7' => {
                let mut code = u32::from(byte - b'0');
                for _ in 0..2 {
                    match self.text.as_bytes().get(self.at).ok_or(Stop::Ends)? {
                        digit @ b'0'..=b'7' if code < 0o40 => {
                            code = code * 8 + u32::from(digit - b'0');
                            self.at += 1;
                        }
                        _ => break,
                    }
                }
                char::from_u32(code).expect("three octal digits are a character")
            }
            _ => return Err(self.unexpected("an escape such as `\\n` or `\\u00e4`", from)),
        })
    }

    /// Four hexadecimal digits, or twice four where the first are half a character.
    fn utf16(&mut self, from: usize) -> Result<char, Stop> {
        let high = self.hex(from)?;
        if !(0xd800..0xdc00).contains(&high) {
            let wrong = || self.unexpected("a character", from);
            return char::from_u32(u32::from(high)).ok_or_else(wrong);
        }
        let follows = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if follows.len() < 2 {
            return Err(Stop::Ends);
        }
        if !follows.starts_with(b"\\u") {
            return Err(self.unexpected("both halves of a character", from));
        }
        self.at += 2;
        let low = self.hex(from)?;
        let pair = char::decode_utf16([high, low]).next();
        pair.and_then(Result::ok).ok_or_else(|| self.unexpected("both halves of a character", from))
    }

    fn hex(&mut self, from: usize) -> Result<u16, Stop> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4).ok_or(Stop::Ends)?;
        let mut code = 0;
        for digit in digits {
            let value = char::from(*digit).to_digit(16);
            let value = value.ok_or_else(|| self.unexpected("four hexadecimal digits", from))?;
            code = code << 4 | u16::try_from(value).expect("a digit is below sixteen");
        }
        self.at += 4;
        Ok(code)
    }

    /// A single character: `\a`, `\newline`, `\u00e4`.
    pub(super) fn char(&mut self, tape: &mut Tape) -> Result<(), Stop> {
        let from = self.at;
        self.at += 1;
        let first = self.rest().chars().next().ok_or(Stop::Ends)?;
        self.at += first.len_utf8();
        self.word()?;
        let name = &self.text[from + 1..self.at];
        let by_code =
            |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
        let char = match name {
            "newline" => Some('\n'),
            "space" => Some(' '),
            "tab" => Some('\t'),
            "return" => Some('\r'),
            "backspace" => Some('\u{8}'),
            "formfeed" => Some('\u{c}'),
            _ if name.chars().count() == 1 => Some(first),
            _ if name.len() == 5 && first == 'u' => by_code(&name[1..], 16),
            _ if first == 'o' => by_code(&name[1..], 8),
            _ => None,
        };
        let char = char.ok_or_else(|| self.unexpected("a character", from))?;
        tape.text(char.encode_utf8(&mut [0; 4]));
        Ok(())
    }
}

/// Digits, then a fraction or an exponent or both or neither.
fn is_float(text: &str) -> bool {
    let (base, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = base.split_once('.').unwrap_or((base, ""));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !whole.is_empty()
        && !exponent.is_empty()
        && [whole, fraction, exponent].map(are_digits) == [true; 3]
}
