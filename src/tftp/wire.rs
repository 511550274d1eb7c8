//! Packets: bytes to what they mean, and back. *Pure:* the one door to the `tftpd` crate's codec.
//!
//! Called by `server` (requests) and `session` (what follows). DATA is built in place by `session`, since the
//! codec would copy each block twice.

use super::options::{Grant, Wish};
use tftpd::{ErrorCode, OptionType, Packet, TransferOption};

/// Bytes before a block's data in a DATA packet.
pub(crate) const DATA_HEADER_BYTES: usize = 4;

/// A read request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// The name as sent.
    pub(crate) name: String,
    /// What it asked for beside it.
    pub(crate) wishes: Vec<Wish>,
}

/// What came in on the server's port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Opening {
    /// A file is asked for.
    Read(Request),
    /// A file is offered.
    Write,
    /// A request in a mode that is neither `octet` nor `netascii`.
    UnknownMode,
    /// Nothing that opens a transfer: not answered.
    Nonsense,
}

/// What came in during a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    /// That block, and all before, arrived.
    Ack(u16),
    /// The client wants no more: for firmware an ordinary end.
    Error,
    /// Anything else: not answered.
    Nonsense,
}

/// Why a request is refused, in the protocol's codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Complaint {
    /// Code 0.
    Undefined,
    /// Code 1.
    NotFound,
    /// Code 2.
    AccessViolation,
    /// Code 4.
    IllegalOperation,
}

/// Reads a datagram that came to the server's port.
///
/// `netascii` is served like `octet`, as other servers do: boot files have no line ends to translate.
pub(crate) fn decode_opening(datagram: &[u8]) -> Opening {
    match Packet::deserialize(datagram) {
        Ok(Packet::Rrq { filename, mode, options }) => {
            if !["octet", "netascii"].iter().any(|known| mode.eq_ignore_ascii_case(known)) {
                return Opening::UnknownMode;
            }
            Opening::Read(Request { name: filename, wishes: options.iter().filter_map(wish).collect() })
        }
        Ok(Packet::Wrq { .. }) => Opening::Write,
        Ok(Packet::Data { .. } | Packet::Ack(_) | Packet::Error { .. } | Packet::Oack(_)) | Err(_) => {
            Opening::Nonsense
        }
    }
}

/// Reads a datagram of a running transfer.
pub(crate) fn decode_reply(datagram: &[u8]) -> Reply {
    match Packet::deserialize(datagram) {
        Ok(Packet::Ack(block)) if datagram.len() == 4 => Reply::Ack(block),
        Ok(Packet::Error { .. }) => Reply::Error,
        // The codec refuses codes that it does not know; the meaning is the same.
        Err(_) if datagram.starts_with(&[0, 5]) && datagram.len() >= 4 => Reply::Error,
        Ok(
            Packet::Ack(_) | Packet::Rrq { .. } | Packet::Wrq { .. } | Packet::Data { .. } | Packet::Oack(_),
        )
        | Err(_) => Reply::Nonsense,
    }
}

/// An ERROR packet.
pub(crate) fn encode_error(complaint: Complaint, text: &str) -> Vec<u8> {
    let code = match complaint {
        Complaint::Undefined => ErrorCode::NotDefined,
        Complaint::NotFound => ErrorCode::FileNotFound,
        Complaint::AccessViolation => ErrorCode::AccessViolation,
        Complaint::IllegalOperation => ErrorCode::IllegalOperation,
    };
    encode(&Packet::Error { code, msg: text.to_owned() })
}

/// An OACK packet.
pub(crate) fn encode_oack(grants: &[Grant]) -> Vec<u8> {
    encode(&Packet::Oack(grants.iter().copied().map(option).collect()))
}

/// The first bytes of a DATA packet.
pub(crate) fn data_header(block: u16) -> [u8; DATA_HEADER_BYTES] {
    let [high, low] = block.to_be_bytes();
    [0, 3, high, low]
}

fn encode(packet: &Packet) -> Vec<u8> {
    packet.serialize().unwrap_or_default()
}

fn wish(option: &TransferOption) -> Option<Wish> {
    match option.option {
        OptionType::BlockSize => Some(Wish::BlockBytes(option.value)),
        OptionType::TransferSize => Some(Wish::TransferBytes),
        OptionType::Timeout => Some(Wish::TimeoutSeconds(option.value)),
        OptionType::WindowSize => Some(Wish::Window(option.value)),
        // Not in any RFC.
        OptionType::UTimeout | OptionType::WindowWait => None,
    }
}

fn option(grant: Grant) -> TransferOption {
    let (option, value) = match grant {
        Grant::BlockBytes(bytes) => (OptionType::BlockSize, bytes.into()),
        Grant::TransferBytes(bytes) => (OptionType::TransferSize, bytes),
        Grant::TimeoutSeconds(seconds) => (OptionType::Timeout, seconds),
        Grant::Window(blocks) => (OptionType::WindowSize, blocks.into()),
    };
    TransferOption { option, value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(name: &str, wishes: &[Wish]) -> Opening {
        Opening::Read(Request { name: name.to_owned(), wishes: wishes.to_vec() })
    }

    #[test]
    fn requests_of_real_firmware() {
        // Boot ROM of the 3B, start.elf, EEPROM of the Pi 5, EDK2.
        let plain = b"\0\x01bootcode.bin\0octet\0";
        assert_eq!(decode_opening(plain), read("bootcode.bin", &[]));
        let tsize = b"\0\x01bootcfg.txt\0octet\0tsize\x000\0";
        assert_eq!(decode_opening(tsize), read("bootcfg.txt", &[Wish::TransferBytes]));
        let pi5 = b"\0\x01bd989ae1/config.txt\0octet\0tsize\x000\0blksize\x001468\0";
        assert_eq!(
            decode_opening(pi5),
            read("bd989ae1/config.txt", &[Wish::TransferBytes, Wish::BlockBytes(1468)])
        );
        let edk2 = b"\0\x01a\0OCTET\0TSIZE\x000\0BLKSIZE\x001468\0WINDOWSIZE\x004\0x\0y\0";
        assert_eq!(
            decode_opening(edk2),
            read("a", &[Wish::TransferBytes, Wish::BlockBytes(1468), Wish::Window(4)])
        );
    }

    #[test]
    fn what_opens_nothing() {
        assert_eq!(decode_opening(b"\0\x02a\0octet\0"), Opening::Write);
        assert_eq!(decode_opening(b"\0\x01a\0mail\0"), Opening::UnknownMode);
        for datagram in [&b""[..], b"\0", b"\0\x01", b"\0\x01a", b"\0\x01a\0", b"\0\x04\0\x01", b"\xff\xff"] {
            assert_eq!(decode_opening(datagram), Opening::Nonsense, "{datagram:?}");
        }
    }

    #[test]
    fn replies() {
        assert_eq!(decode_reply(b"\0\x04\x01\x02"), Reply::Ack(0x0102));
        assert_eq!(decode_reply(b"\0\x05\0\0Early terminate\0"), Reply::Error);
        assert_eq!(decode_reply(b"\0\x05\0\x08no\0"), Reply::Error);
        assert_eq!(decode_reply(b"\0\x05\0\x63no"), Reply::Error);
        for datagram in [&b"\0\x04\x01"[..], b"\0\x04\x01\x02\x03", b"\0\x05", b"\0\x01a\0octet\0", b""] {
            assert_eq!(decode_reply(datagram), Reply::Nonsense, "{datagram:?}");
        }
    }

    #[test]
    fn answers() {
        let grants = [Grant::TransferBytes(70), Grant::BlockBytes(1024)];
        assert_eq!(encode_oack(&grants), b"\0\x06tsize\x0070\0blksize\x001024\0");
        assert_eq!(encode_error(Complaint::NotFound, "no"), b"\0\x05\0\x01no\0");
        assert_eq!(data_header(258), [0, 3, 1, 2]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(datagram in proptest::collection::vec(any::<u8>(), 0..600)) {
            decode_opening(&datagram);
            decode_reply(&datagram);
        }

        #[test]
        fn no_mutation_makes_it_panic(at in 0usize..60, byte: u8, cut in 0usize..60) {
            let mut datagram = b"\0\x01bd989ae1/config.txt\0octet\0tsize\x000\0blksize\x001468\0".to_vec();
            if let Some(changed) = datagram.get_mut(at) {
                *changed = byte;
            }
            datagram.truncate(cut);
            decode_opening(&datagram);
            decode_reply(&datagram);
        }
    }
}
