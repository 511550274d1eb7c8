//! The servers that are compared, each on 127.0.0.1 port 69 of the bench's namespace, serving one file.

use super::client::FILE;
use super::measured::Server;
use super::measured::pimaster::Site;
use pimaster::model::board::BoardModel;
use pimaster::model::net::MacAddr;
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// A server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Pimaster,
    Dnsmasq,
    TftpdHpa,
}

impl Peer {
    /// All, ours first.
    pub(crate) const ALL: [Self; 3] = [Self::Pimaster, Self::Dnsmasq, Self::TftpdHpa];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pimaster => "pimaster",
            Self::Dnsmasq => "dnsmasq",
            Self::TftpdHpa => "tftpd-hpa",
        }
    }

    /// Starts it with nothing to lose: no limit of transfers below the number of clients. To pimaster they are boards of
    /// that model, which says how long it waits before it repeats.
    pub(crate) fn start(self, folder: &Path, content: &[u8], clients: u8, board: BoardModel) -> Server {
        let root = folder.join("tftp");
        let log = folder.join("log");
        let mut command = match self {
            Self::Pimaster => return serve(folder, content, clients, board),
            Self::Dnsmasq => {
                let mut command = Command::new("dnsmasq");
                command.args(["--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--user=root"]);
                command.args([
                    "--listen-address=127.0.0.1",
                    "--bind-interfaces",
                    "--enable-tftp",
                    "--pid-file=",
                ]);
                command.args(["--tftp-max=1000", &format!("--tftp-root={}", root.display())]);
                command
            }
            Self::TftpdHpa => {
                let mut command = Command::new("in.tftpd");
                command
                    .args(["--foreground", "--address", "127.0.0.1:69", "--secure", "--user", "root"])
                    .arg(&root);
                command
            }
        };
        fs::create_dir_all(&root).unwrap();
        fs::write(root.join(FILE), content).unwrap();
        for path in [folder, &root] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        Server::start(&mut command, &log)
    }
}

fn serve(folder: &Path, content: &[u8], clients: u8, board: BoardModel) -> Server {
    let rack = (0..clients)
        .map(|number| (MacAddr([0xdc, 0xa6, 0x32, 0, 1, number]), Ipv4Addr::new(127, 0, 1, number)));
    let network = "subnet = \"127.0.0.0/8\"\naddress = \"127.0.0.1\"";
    let site = Site::new(folder, network, board, rack.collect());
    fs::write(site.data().tftp_installer().join(FILE), content).unwrap();
    site.serve()
}
