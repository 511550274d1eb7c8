//! Bytes to [`Request`], [`Reply`] to bytes. *Pure.* The only door to dhcproto.
//!
//! Called by `server`. Invariants: no input panics; what is not a whole, sane request of an Ethernet client is
//! [`Nonsense`]; a reply carries no pad option before END (EEPROMs of the Pi 4 before 2020-01-17 stop reading
//! there) and is at least 300 bytes long (BOOTP clients drop shorter ones).

mod probe;
mod reply;
mod request;

pub use super::reply_option::ReplyOption;
pub use probe::discover;
pub use reply::{Alignment, NotEncodable, Reply, ReplyKind, encode, shown};
pub use request::{Nonsense, Request, RequestKind, decode};

/// What BOOTP clients take for the least size of a message (RFC 1542 section 2.1).
const LEAST_BYTES: usize = dhcproto::v4::MIN_PACKET_SIZE;
