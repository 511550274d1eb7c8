//! pimaster as its users run it: settings file, database with nodes, the daemon's own process.

use super::Server;
use pimaster::model::board::BoardModel;
use pimaster::model::clock;
use pimaster::model::folder::DataFolder;
use pimaster::model::net::MacAddr;
use pimaster::model::node::BootTarget;
use pimaster::store::nodes::NewNode;
use pimaster::store::{Store, nodes};
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A data folder and its settings.
pub(crate) struct Site {
    folder: PathBuf,
}

impl Site {
    /// A rack of the nodes with these hardware and IPv4 addresses, all of one model, which boot the installer.
    pub(crate) fn new(
        folder: &Path,
        network: &str,
        model: BoardModel,
        rack: Vec<(MacAddr, Ipv4Addr)>,
    ) -> Self {
        let site = Self { folder: folder.to_owned() };
        fs::create_dir_all(site.data().tftp_installer()).unwrap();
        let settings = format!(
            "[network]\n{network}\n[nfs]\nroot = \"{root}\"\nexports = \"off\"\n[web]\nlisten = \"0.0.0.0:9000\"\n\
             [data]\nfolder = \"{data}\"\nadmin_email = \"bench@example.org\"\n[log]\nfilter = \"warn\"\n",
            root = folder.join("root").display(),
            data = site.data().root().display(),
        );
        fs::write(folder.join("pimaster.toml"), settings).unwrap();
        let store = Store::open(&site.data().database()).unwrap();
        let enrolled = store.write(move |tx| {
            for (number, (mac, address)) in rack.into_iter().enumerate() {
                let name = format!("pi-{number}").parse().unwrap();
                let new = NewNode { name, mac, address, model, serial: None, port: None };
                let node = nodes::insert(tx, &new, clock::now())?;
                nodes::set_boot_target(tx, node, BootTarget::Installer)?;
            }
            Ok(())
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(enrolled).unwrap();
        site
    }

    /// Where its files lie.
    pub(crate) fn data(&self) -> DataFolder {
        DataFolder::new(self.folder.join("data"))
    }

    /// `pimaster serve`.
    pub(crate) fn serve(&self) -> Server {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pimaster"));
        command.args(["serve", "--config"]).arg(self.folder.join("pimaster.toml"));
        Server::start(&mut command, &self.folder.join("pimaster.log"))
    }
}
