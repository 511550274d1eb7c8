//! What boot firmware needs of a server beyond the RFCs: a closed table. *Pure.*
//!
//! The pure cores of `dhcp` and `tftp` consult a [`Quirks`], which in the daemon is always [`Quirks::ALL`]. That it is
//! a value makes the table whole: for each quirk a scenario of `sim::firmware` takes it out, and a simulated board no
//! longer boots. What a server does without it is what an ordinary one does.
//!
//! Sources: "boot-net" is the chapter on network boot in the Raspberry Pi documentation, "release notes" those of the
//! boot loader EEPROM (raspberrypi/rpi-eeprom), `firmware#N` and `rpi-eeprom#N` issues in those repositories.

macro_rules! quirks {
    ($($variant:ident: $needed_by:literal, $ordinary:literal, $source:literal, $doc:literal;)*) => {
        /// One accommodation to boot firmware.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Quirk {
            $(#[doc = $doc] $variant,)*
        }

        impl Quirk {
            /// Every quirk, DHCP first.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// What pimaster does.
            pub fn done(self) -> &'static str {
                match self { $(Self::$variant => $doc,)* }
            }

            /// Which firmware needs it.
            pub fn needed_by(self) -> &'static str {
                match self { $(Self::$variant => $needed_by,)* }
            }

            /// What a server does without it.
            pub fn ordinary(self) -> &'static str {
                match self { $(Self::$variant => $ordinary,)* }
            }

            /// Where it is told of.
            pub fn source(self) -> &'static str {
                match self { $(Self::$variant => $source,)* }
            }
        }
    };
}

quirks! {
    BootServerName: "every model", "no vendor options", "boot-net",
        "Option 43 holds the name `Raspberry Pi Boot`.";
    PaddedServerName: "boot ROM of 2B 1.2, 3B, CM3", "the name as it is", "boot-net, known problems",
        "The name ends with three spaces, since the ROM counts its length wrong.";
    RomByMachineId: "boot ROM of 2B 1.2, 3B, CM3", "the model that a person entered", "boot-net, known problems",
        "The ROM is known by its constant machine identifier, whatever model the node was given.";
    RepeatedOffer: "boot ROM of 2B 1.2, 3B, CM3", "one OFFER for one DISCOVER", "openSUSE/netboot-rpi3b",
        "The OFFER is sent again 0.6 s and 1.2 s later: the ROM acts at a packet after 1 s, and gives up without one.";
    OfferIsLease: "boot ROMs and `bootcode.bin`, which send no REQUEST", "a lease begins with the ACK", "boot-net, known problems",
        "The OFFER is a lease already, so that nobody else gets the address.";
    ZeroHops: "boot ROM of 2B 1.2, 3B, CM3 behind a relay", "the hops of the request come back", "boot-net, known problems",
        "Replies say 0 hops, also through a relay.";
    NoPads: "EEPROM of the Pi 4 before 2020-01-17", "options begin at even offsets", "release notes 2020-01-17",
        "No pad option stands before the end mark: the boot loader stops reading there.";
    ServerInSiaddr: "EEPROM of the Pi 4 before 2019-12-03", "the file server in option 66 alone", "release notes 2019-10-08, 2019-12-03",
        "`siaddr` names the file server.";
    ServerInOption66: "boot ROMs behind a relay", "the file server in `siaddr` alone", "openSUSE/netboot-rpi3b",
        "Option 66 names the file server in dotted decimals: the ROM ignores `siaddr` and takes the sender else.";
    FirmwareWithoutClass: "EEPROM of 4B, 400, CM4", "firmware is who says so in option 60", "rpi-eeprom#82, rpi-eeprom#87",
        "A REQUEST without option 60 is known as firmware's by its other options, and gets the boot options too.";
    KnownNeighbour: "boot ROM of 2B 1.2, 3B, CM3", "the kernel asks by ARP", "boot-net, known problems",
        "The kernel is told the board's hardware address: the ROM answers no ARP once a transfer runs.";
    SerialFourTimes: "3B+, `bootcode.bin`, EEPROM of the Pi 4 before 2020-03-16", "no identity in four equal words", "firmware#1605",
        "Four times the serial number in option 97 identify a board.";
    EitherByteOrder: "EEPROMs since 2020-03-16", "the four characters in one order", "cmprovision etc/dnsmasq.conf",
        "The four characters of option 97 count in either byte order.";
    AnsweredWhenLocal: "EEPROMs, which wait 45 s for an answer", "no boot options for a board that shall boot its card", "bootflow-eeprom",
        "A board that shall boot its card is told to boot from here, and refused each file at once.";
    OptionsAcknowledged: "EEPROMs and start.elf", "data at once, as in RFC 1350", "firmware#1012, firmware#1913",
        "Options are acknowledged with `tsize` and `blksize`, or config.txt is passed over.";
    SilentOnDuplicates: "start4.elf of early 2021", "a repeated acknowledgement brings its block again", "firmware#1631",
        "An acknowledgement that says nothing new is not answered: a block that comes twice hangs the board.";
    PatientRepetition: "start4.elf of early 2021", "a block again after 1 s", "firmware#1631",
        "To a board that may run such firmware nothing is sent again before 2 s of silence.";
    OneTransferPerRequest: "start.elf of 2018", "a request that comes again starts its transfer over", "firmware#1041",
        "A request that is repeated while its transfer is open starts no second one: a second OACK hangs the board.";
    NextRequestFromSamePort: "`bootcode.bin` and start.elf", "a port's requests wait for its open transfer", "firmware#1700",
        "Another request from the port of an open transfer ends that transfer.";
    EarlyTermination: "every model, which looks for files this way", "an open place until the client is given up", "boot-net",
        "ERROR from the client ends the transfer in order and frees its place.";
    BlocksRollOver: "EEPROMs since 2025-09-23", "transfers end at block 65535", "release notes 2025-09-23, rpi-eeprom#720",
        "Block numbers go on at 0 after 65535.";
    FilesByAddress: "boot ROMs: `bootcode.bin` has no prefix", "files of the board that the prefix names", "boot-net",
        "A request without a prefix gets the files of the node at its address.";
    SharedBootcode: "boot ROMs, for images of later boards", "the files of the tree alone", "boot-net",
        "`bootcode.bin` is served whatever the tree holds.";
    SerialFromPrefix: "boot ROM of 2B 1.2, 3B, CM3, which tells its serial number nowhere else", "prefixes teach nothing", "boot-net",
        "The prefix of a request teaches or mends a serial number that the hardware address proves.";
}

/// A set of quirks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quirks {
    taken_out: Option<Quirk>,
}

impl Quirks {
    /// All of them, as the daemon serves.
    pub const ALL: Self = Self { taken_out: None };

    /// All but one.
    pub const fn without(quirk: Quirk) -> Self {
        Self { taken_out: Some(quirk) }
    }

    /// Whether the set holds a quirk.
    pub fn has(self, quirk: Quirk) -> bool {
        self.taken_out != Some(quirk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_quirk_is_taken_out() {
        for quirk in Quirk::ALL {
            assert!(Quirks::ALL.has(*quirk));
            let missing: Vec<_> = Quirk::ALL.iter().filter(|it| !Quirks::without(*quirk).has(**it)).collect();
            assert_eq!(missing, [quirk]);
            assert!(
                !quirk.needed_by().is_empty() && !quirk.ordinary().is_empty() && !quirk.source().is_empty()
            );
        }
    }
}
