//! A simulated rack on the real protocols: boards with boot firmware, an installer and a card, and a PoE switch.
//!
//! *The only code that pretends.* Used by `pimaster demo` and by the tests; it speaks the wire and imports
//! nothing of the daemon.

mod ber;
mod mib;
pub mod switch;

pub mod firmware;

pub use switch::Switch;
