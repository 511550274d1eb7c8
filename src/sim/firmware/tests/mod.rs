//! Each class of firmware boots, and each quirk is needed. *Tests.*

mod bench;
mod cards;
mod classes;
mod quirks;
mod transfers;
