//! Which system is on an image, by what lies in it. *Pure.*

use crate::model::environment::OsFamily;

/// What was found on the boot and root partitions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Evidence {
    /// `/etc/os-release` of the root file system.
    pub(super) os_release: Option<String>,
    /// Whether Raspberry Pi left its marks: `rpi-issue`, `raspberrypi-sys-mods`, or `issue.txt` beside the kernel.
    pub(super) is_raspberry_pi: bool,
    /// Whether the root partition holds `tce/`, where Tiny Core keeps its extensions.
    pub(super) has_tce: bool,
    /// Whether the boot partition holds a compressed cpio archive that is the whole system.
    pub(super) has_core: bool,
    /// Labels of the boot and root file systems.
    pub(super) labels: [String; 2],
}

impl Evidence {
    /// The family, if it is one that pimaster customises.
    pub(super) fn family(&self) -> Option<OsFamily> {
        let id = self.field("ID").unwrap_or_default();
        let likes = self.field("ID_LIKE").unwrap_or_default();
        let is_like = |word: &str| id == word || likes.split_ascii_whitespace().any(|like| like == word);
        let has_ubuntu_labels = self.labels == ["system-boot", "writable"];
        match &self.os_release {
            _ if id == "ubuntu" => Some(OsFamily::Ubuntu),
            _ if id == "raspbian" => Some(OsFamily::RaspberryPiOs),
            _ if id == "debian" && self.is_raspberry_pi => Some(OsFamily::RaspberryPiOs),
            _ if is_like("debian") || is_like("ubuntu") => Some(OsFamily::Debian),
            None if self.has_tce && self.has_core => Some(OsFamily::PiCore),
            None if has_ubuntu_labels => Some(OsFamily::Ubuntu),
            None | Some(_) => None,
        }
    }

    /// The system's name as people know it.
    pub(super) fn system(&self) -> Option<String> {
        self.field("PRETTY_NAME")
    }

    /// What was seen of the system, for a refusal.
    pub(super) fn seen(&self) -> String {
        match (self.field("ID"), &self.os_release) {
            (Some(id), _) => format!("/etc/os-release says ID={id}"),
            (None, Some(_)) => "/etc/os-release has no ID".to_owned(),
            (None, None) if self.has_tce => {
                "there is a tce folder but no core archive (.gz) on the boot partition".to_owned()
            }
            (None, None) => "there is neither /etc/os-release nor a tce folder".to_owned(),
        }
    }

    /// A value of os-release(5), without its quotes.
    fn field(&self, key: &str) -> Option<String> {
        let lines = self.os_release.as_deref()?.lines();
        let value = lines.filter_map(|line| line.trim().split_once('=')).find(|(name, _)| *name == key)?.1;
        Some(value.trim_matches(['"', '\'']).to_owned()).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(text: &str) -> Evidence {
        Evidence { os_release: Some(text.to_owned()), ..Evidence::default() }
    }

    #[test]
    fn families_by_what_lies_in_them() {
        let check = |evidence: &Evidence, family| assert_eq!(evidence.family(), family, "{evidence:?}");
        check(
            &release("PRETTY_NAME=\"Raspbian 10\"\nID=raspbian\nID_LIKE=debian\n"),
            Some(OsFamily::RaspberryPiOs),
        );
        let debian = release("NAME=Debian\nID=debian\n");
        check(&debian, Some(OsFamily::Debian));
        check(&Evidence { is_raspberry_pi: true, ..debian }, Some(OsFamily::RaspberryPiOs));
        check(&release("ID=ubuntu\nID_LIKE=debian\n"), Some(OsFamily::Ubuntu));
        check(&release("ID=\"linuxmint\"\nID_LIKE=\"ubuntu debian\"\n"), Some(OsFamily::Debian));
        check(&release("ID=fedora\n"), None);
        check(&release("ID=alpine\nID_LIKE=\n"), None);
        let core = Evidence { has_tce: true, has_core: true, ..Evidence::default() };
        check(&core, Some(OsFamily::PiCore));
        check(&Evidence { has_core: false, ..core }, None);
        let labels = ["system-boot".to_owned(), "writable".to_owned()];
        check(&Evidence { labels, ..Evidence::default() }, Some(OsFamily::Ubuntu));
        check(&Evidence::default(), None);
    }

    #[test]
    fn a_debian_with_a_tce_folder_is_a_debian() {
        let evidence = Evidence { has_tce: true, has_core: true, ..release("ID=debian\n") };
        assert_eq!(evidence.family(), Some(OsFamily::Debian));
    }

    #[test]
    fn names_lose_their_quotes() {
        let evidence = release("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID='debian'\n");
        assert_eq!(evidence.system().unwrap(), "Debian GNU/Linux 12 (bookworm)");
        assert_eq!(evidence.family(), Some(OsFamily::Debian));
    }
}
