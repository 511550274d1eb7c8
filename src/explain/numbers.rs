//! How long firmware, kernels and switches take, and how often they try. *Pure.*
//!
//! Sources: Raspberry Pi documentation (network boot, boot flow, eeprom-bootloader.adoc: DHCP_TIMEOUT 45 s,
//! DHCP_REQ_TIMEOUT 4 s, TFTP_FILE_TIMEOUT 30 s), threads of raspberrypi/firmware and raspberrypi/rpi-eeprom, IEEE
//! 802.1D. All in seconds unless the name says otherwise. Each is the fact and a margin: who is told too late
//! waits, who is told too early is misled.

/// Power to the first DISCOVER: a ROM looks at the card for 5 s and then at USB; an EEPROM goes through the modes
/// before network, of which USB may take 20 s.
pub(super) const FIRST_REQUEST: u64 = 40;
/// Listening and learning of a spanning-tree port, 15 s each (IEEE 802.1D): what is sent before is lost.
pub(super) const SPANNING_TREE: u64 = 30;
/// DISCOVERs of a boot ROM, after which it gives up until the next power-on.
pub(super) const ROM_DISCOVERS: usize = 5;
/// Between two DISCOVERs of a boot ROM; twice that without one, and it has given up.
pub(super) const ROM_INTERVAL: u64 = 5;
/// An EEPROM repeats its DISCOVER for so long before it tries its next boot mode.
pub(super) const EEPROM_DISCOVERS: u64 = 45;
/// Offers that somebody had time to take; one may be lost.
pub(super) const OFFERS_ENOUGH: usize = 3;
/// Refusals in a row that are no accident: one is ordinary after an address has changed.
pub(super) const REFUSALS_ENOUGH: usize = 3;
/// An address to the first request for a file; requests are repeated every 2 s (rpi-eeprom#74).
pub(super) const FIRST_FILE: u64 = 10;
/// Firmware gives one file up after so long.
pub(super) const ONE_FILE: u64 = 30;
/// Firmware that asked for its last candidate and found none asks for nothing more within this time.
pub(super) const SETTLED: u64 = 5;
/// Rounds of the same missing file that are a loop, not a second look: with and without prefix, twice each.
pub(super) const ROUNDS: usize = 3;
/// The same file loaded so often is a loop: the 3B+ takes config.txt seven times in a good boot.
pub(super) const SAME_FILE: usize = 15;
/// The last file to the kernel's own DHCP: 10 to 25 s on good boards.
pub(super) const KERNEL_START: u64 = 60;
/// A card that boots has an address by then, after a check of its file system too.
pub(super) const CARD_START: u64 = 120;
/// An address to the mount: klibc's `nfsmount` tries for a minute before its first long pause.
pub(super) const MOUNT: u64 = 60;
/// An address or a mount to SSH: systemd's start on a slow board.
pub(super) const SSH: u64 = 120;
/// A system that was told to restart may answer for so long.
pub(super) const RESTART: u64 = 30;
/// Power to SSH beyond which a boot is slow: good ones take 40 to 100 s.
pub(super) const SLOW_BOOT: u64 = 180;
/// Packets sent again in one boot that are no accident: on a good cable there are none.
pub(super) const REPEATS: u32 = 5;
/// A silence after which a DISCOVER begins a new boot: longer than any silence within one.
pub(super) const PAUSE: u64 = 150;
/// Boots without a result in [`LOOP_WITHIN`] that are a loop.
pub(super) const LOOP_BOOTS: usize = 4;
/// Another DHCP server that was seen so long before a boot may still have answered it.
pub(super) const FOREIGN_SEEN: u64 = 3600;
/// See [`LOOP_BOOTS`].
pub(super) const LOOP_WITHIN: u64 = 900;
/// Block numbers of TFTP; boot loaders before 2025-09-23 stop there (rpi-eeprom#720).
pub(super) const BLOCKS: u64 = 65_535;
