//! What a node's files are called: by 64 bits, which a host maps to a path.

use crate::{host::FileId, types::GroupId};

/// The registry's file.
pub const REGISTRY: FileId = FileId(0);

/// The file of a group's segment.
pub fn segment_of(group: GroupId, segment: u32) -> FileId {
    FileId((u64::from(group) + 1) << 32 | u64::from(segment))
}

/// Whose segment a file is, and which; none if it is the registry, or nothing that a node would write.
pub fn of_file(file: FileId) -> Option<(GroupId, u32)> {
    let group = (file.0 >> 32).checked_sub(1)?;
    Some((GroupId::try_from(group).ok()?, file.0 as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_says_whose_segment_it_is() {
        for (group, segment) in [(0, 0), (0, 7), (300, 2), (GroupId::MAX - 1, u32::MAX)] {
            assert_eq!(of_file(segment_of(group, segment)), Some((group, segment)));
        }
        assert_eq!(of_file(REGISTRY), None);
    }
}
