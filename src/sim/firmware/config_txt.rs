//! The lines of `config.txt` that decide what is loaded. *Pure.*

/// What a `config.txt` says, for one board.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConfigTxt {
    /// `kernel=`.
    pub kernel: Option<String>,
    /// `initramfs NAME followkernel`.
    pub initramfs: Option<String>,
    /// `auto_initramfs=1`.
    pub auto_initramfs: bool,
    /// `cmdline=`, else `cmdline.txt`.
    pub cmdline: Option<String>,
    /// `os_prefix=`, put before kernel, initramfs, command line and device tree.
    pub os_prefix: String,
    /// `device_tree=`.
    pub device_tree: Option<String>,
    /// `dtoverlay=`, without parameters.
    pub overlays: Vec<String>,
}

impl ConfigTxt {
    /// Reads the lines that apply to boards with these sections, besides `[all]`.
    pub(super) fn parse(text: &str, sections: &[&str]) -> Self {
        let mut config = Self::default();
        let mut applies = true;
        for line in text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()) {
            if let Some(section) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                let section = section.trim().to_ascii_lowercase();
                applies = section == "all" || sections.contains(&section.as_str());
            } else if applies {
                config.take(line);
            }
        }
        config
    }

    fn take(&mut self, line: &str) {
        if let Some(rest) = line.strip_prefix("initramfs ") {
            self.initramfs = rest.split_ascii_whitespace().next().map(str::to_owned);
        }
        let Some((key, value)) = line.split_once('=') else { return };
        let value = value.trim();
        match key.trim() {
            "kernel" => self.kernel = Some(value.to_owned()),
            "auto_initramfs" => self.auto_initramfs = value == "1",
            "cmdline" => self.cmdline = Some(value.to_owned()),
            "os_prefix" => value.clone_into(&mut self.os_prefix),
            "dtoverlay" => {
                let name = value.split([',', ':']).next().unwrap_or_default();
                self.overlays.extend((!name.is_empty()).then(|| name.to_owned()));
            }
            "device_tree" => self.device_tree = Some(value.to_owned()).filter(|name| !name.is_empty()),
            _ => {}
        }
    }

    /// The command line's file.
    pub fn cmdline_file(&self) -> String {
        format!("{}{}", self.os_prefix, self.cmdline.as_deref().unwrap_or("cmdline.txt"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_choose_boards() {
        let text = "auto_initramfs=1\n[pi4]\nkernel=four.img # for the 4\n[cm4]\nkernel=cm.img\n[all]\n\
                    initramfs initrd.img followkernel\nos_prefix=current/\n\
                    dtoverlay=vc4-kms-v3d,noaudio\ndtoverlay=\n";
        let four = ConfigTxt::parse(text, &["pi4"]);
        assert_eq!(four.kernel.as_deref(), Some("four.img"));
        assert_eq!(four.initramfs.as_deref(), Some("initrd.img"));
        assert!(four.auto_initramfs);
        assert_eq!(four.cmdline_file(), "current/cmdline.txt");
        assert_eq!(four.overlays, ["vc4-kms-v3d"]);
        assert_eq!(ConfigTxt::parse(text, &["pi5"]).kernel, None);
        assert_eq!(ConfigTxt::parse("", &[]).cmdline_file(), "cmdline.txt");
    }
}
