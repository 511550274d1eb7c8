//! What a file is by its first bytes. *Pure.*

use super::table;

/// How many bytes [`recognise`] wants to see.
pub(super) const HEAD_BYTES: usize = 512;

/// What a stream of bytes is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    /// A disk with a partition table.
    Disk,
    /// xz.
    Xz,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
    /// zip.
    Zip,
    /// tar.
    Tar,
    /// Something known that pimaster does not open.
    Other(&'static str),
    /// Nothing known.
    Unknown,
}

/// What a stream is that begins with `head` (its first 512 bytes, or all if it is shorter).
pub(super) fn recognise(head: &[u8]) -> Container {
    const MAGIC: [(&[u8], Container); 13] = [
        (b"\xfd7zXZ\0", Container::Xz),
        (b"\x1f\x8b", Container::Gzip),
        (b"\x28\xb5\x2f\xfd", Container::Zstd),
        // A skippable frame: pzstd writes one first (RFC 8878 section 3.1.2).
        (b"\x50\x2a\x4d\x18", Container::Zstd),
        (b"PK\x03\x04", Container::Zip),
        (b"PK\x05\x06", Container::Zip),
        (b"BZh", Container::Other("a bzip2 file")),
        (b"7z\xbc\xaf\x27\x1c", Container::Other("a 7-Zip archive")),
        (b"Rar!", Container::Other("a RAR archive")),
        (b"QFI\xfb", Container::Other("a QEMU qcow2 disk")),
        (b"KDMV", Container::Other("a VMware disk")),
        (b"\x7fELF", Container::Other("a program")),
        (b"<", Container::Other("a web page or other text with markup")),
    ];
    if head.get(257..262) == Some(b"ustar") {
        return Container::Tar;
    }
    // After the tar and before the rest: a disk may begin with any boot code, even one that looks like a magic.
    if table::is_disk(head) {
        return Container::Disk;
    }
    let found = MAGIC.iter().find(|(magic, _)| head.starts_with(magic));
    found.map_or(Container::Unknown, |(_, container)| *container)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_recognised_by_content() {
        let check = |head: &[u8], container| assert_eq!(recognise(head), container, "{head:?}");
        check(b"", Container::Unknown);
        check(b"hello", Container::Unknown);
        check(b"\xfd7zXZ\0abc", Container::Xz);
        check(b"\x1f\x8b\x08", Container::Gzip);
        check(b"\x28\xb5\x2f\xfd1", Container::Zstd);
        check(b"PK\x03\x04", Container::Zip);
        check(b"<!doctype html>", Container::Other("a web page or other text with markup"));
        let mut tar = [0u8; 512];
        tar[257..263].copy_from_slice(b"ustar\0");
        check(&tar, Container::Tar);
    }

    #[test]
    fn a_disk_needs_a_believable_table() {
        let mut disk = [0u8; 512];
        disk[510..].copy_from_slice(&[0x55, 0xaa]);
        assert_eq!(recognise(&disk), Container::Unknown, "no partition");
        disk[446 + 4] = 0x0c;
        disk[446 + 9] = 0x20;
        assert_eq!(recognise(&disk), Container::Unknown, "a partition without a size");
        disk[446 + 13] = 0x20;
        assert_eq!(recognise(&disk), Container::Disk);
        disk[446] = 0x12;
        assert_eq!(recognise(&disk), Container::Unknown, "boot code where an entry should be");
    }
}
