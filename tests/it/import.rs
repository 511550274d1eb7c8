//! `pimaster import` as an administrator runs it, on the files that dnsmasq and PiSeduce leave.

use assert_cmd::Command;
use std::path::Path;

const PIMASTER: &str = env!("CARGO_BIN_EXE_pimaster");

const DNSMASQ: &str = "interface=eth0\nlisten-address=48.48.0.254\ndhcp-range=48.48.0.0,static,255.255.255.0\n\
                       dhcp-option=23,64\ndhcp-host=dc:a6:32:00:00:01,imt-1,48.48.0.1\n\
                       dhcp-host=b8:27:eb:00:00:02,imt-2,48.48.0.2\n\
                       dhcp-host=00:11:22:00:00:04,switch,48.48.0.252,set:office\n\
                       dhcp-option=tag:office,42,48.48.0.253\nquiet-dhcp\n";

/// The tables as PiSeduce's agent makes them; ports are text there.
const AGENT: &str = "
    CREATE TABLE rasp_node (name TEXT PRIMARY KEY, ip TEXT, switch TEXT, port_number TEXT, model TEXT, serial TEXT);
    CREATE TABLE rasp_switch (name TEXT PRIMARY KEY, ip TEXT, port_number INTEGER, master_port INTEGER, community TEXT,
        poe_oid TEXT, oid_offset INTEGER, first_ip INTEGER, power_oid TEXT);
    CREATE TABLE rasp_environment (name TEXT PRIMARY KEY, img_name TEXT, img_size INTEGER, sector_start INTEGER,
        ssh_user TEXT, web BOOLEAN, state TEXT NOT NULL);
    INSERT INTO rasp_node VALUES ('imt-1', '48.48.0.1', 'sw1', '1', 'RPI4B4G', 'bd989ae1');
    INSERT INTO rasp_node VALUES ('pimaster', '48.48.0.254', 'root', '', 'master', '');
    INSERT INTO rasp_switch VALUES
        ('sw1', '48.48.0.252', 8, 8, 'very-secret', 'iso.3.6.1.2.1.105.1.1.1.3.1', 0, 1, 'none');
    INSERT INTO rasp_environment VALUES
        ('tiny_core', 'tiny_core.tar.gz', 180195328, 195693, 'tc', 0, 'available');";

/// Runs the command; what it printed, and whether it went well.
fn import(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let settings = format!(
        "[network]\nsubnet = '48.48.0.0/24'\naddress = '48.48.0.254'\ninterface = 'eth0'\n\
         [data]\nadmin_email = 'a@lab'\nfolder = '{}/data'\n",
        folder.display()
    );
    std::fs::write(folder.join("pimaster.toml"), settings).unwrap();
    std::fs::write(folder.join("dnsmasq.conf"), DNSMASQ).unwrap();
    let mut command = Command::new(PIMASTER);
    command.current_dir(folder).arg("import").args(arguments).args(["--config", "pimaster.toml"]);
    let output = command.output().unwrap();
    (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

fn check(folder: &Path, arguments: &[&str], parts: &[&str]) -> String {
    let (done, text) = import(folder, arguments);
    assert!(done && parts.iter().all(|part| text.contains(part)), "{parts:?} in {text}");
    text
}

#[test]
fn dnsmasq_is_planned_then_imported_then_there() {
    let folder = tempfile::tempdir().unwrap();
    let plan = ["dnsmasq", "dnsmasq.conf", "--model", "pi4b", "--dry-run"];
    let added = "add       dnsmasq.conf:5\tnode imt-1, dc:a6:32:00:00:01, 48.48.0.1, pi4b";
    let device = "add       dnsmasq.conf:7\tdevice switch, 00:11:22:00:00:04, 48.48.0.252";
    let left = "left      dnsmasq.conf:9\tquiet-dhcp: not understood";
    let options = "[dhcp.options]\n23 = 64\n[dhcp.options.device.switch]\n42 = [\"48.48.0.253\"]\n";
    for _ in 0..2 {
        check(
            folder.path(),
            &plan,
            &[added, device, left, options, "subnet = \"48.48.0.0/24\"", "this was a dry run"],
        );
    }
    let text = check(folder.path(), &plan[..4], &[added, device]);
    assert!(!text.contains("dry run"), "{text}");
    check(
        folder.path(),
        &plan[..4],
        &[
            "unchanged dnsmasq.conf:5\tnode imt-1\n",
            "unchanged dnsmasq.conf:7\tdevice switch\n",
            left,
            options,
            "nothing to change\n",
        ],
    );

    let (done, text) = import(folder.path(), &["dnsmasq", "gone.conf"]);
    assert!(!done && text.contains("cannot read gone.conf"), "{text}");
    let (done, text) = import(folder.path(), &["dnsmasq", "dnsmasq.conf", "--model", "pi9"]);
    assert!(!done && text.contains("`pi9` is no model"), "{text}");
}

#[test]
fn an_agents_database_is_imported_once() {
    let folder = tempfile::tempdir().unwrap();
    rusqlite::Connection::open(folder.path().join("agent.db")).unwrap().execute_batch(AGENT).unwrap();
    let arguments = ["piseduce", "agent.db", "--dnsmasq", "dnsmasq.conf"];
    let text = check(
        folder.path(),
        &arguments,
        &[
            "add       rasp_switch sw1\tswitch sw1, 8 ports\n",
            "add       rasp_node imt-1\tnode imt-1, dc:a6:32:00:00:01, 48.48.0.1, pi4b\n",
            "skipped   dnsmasq.conf:6\thost imt-2: may be a Raspberry Pi",
            "left      rasp_node pimaster\tpimaster: not needed",
            "pimaster image import 'tiny_core.tar.gz' --name 'tiny_core' --ssh-user 'tc'",
        ],
    );
    assert!(!text.contains("very-secret"), "{text}");
    check(
        folder.path(),
        &arguments,
        &["unchanged rasp_switch sw1", "unchanged rasp_node imt-1", "nothing to change"],
    );

    std::fs::write(folder.path().join("not.db"), "no database").unwrap();
    let (done, text) = import(folder.path(), &["piseduce", "not.db"]);
    assert!(!done && text.contains("not.db") && text.contains("db_url"), "{text}");
}

#[test]
fn a_cluster_description_is_imported_once() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = folder.path().join("cluster_desc");
    for (file, text) in [
        ("main.json", r#"{"first_node_ip": "48.48.0.1"}"#),
        (
            "switches/sw1.json",
            r#"{"name": "sw1", "ip": "48.48.0.252", "community": "very-secret", "port_nb": 8, "master_port": 8,
                "oid": "1.3.6.1.2.1.105.1.1.1.3.1", "oid_offset": 48}"#,
        ),
        (
            "nodes/node-1.json",
            r#"{"name": "imt-1", "port_number": "1", "ip": "48.48.0.1", "switch": "sw1", "model": "RPI3Bplus",
                "id": "00000001"}"#,
        ),
        (
            "environments/a.json",
            r#"{"name": "raspbian", "desc": ["One", "line"], "img_name": "a.img.gz", "ssh_user": "pi"}"#,
        ),
    ] {
        let path = cluster.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let arguments = ["piseduce", "cluster_desc", "--dnsmasq", "dnsmasq.conf"];
    check(
        folder.path(),
        &arguments,
        &[
            "add       switches/sw1.json\tswitch sw1, 8 ports\n",
            "add       nodes/node-1.json\tnode imt-1, dc:a6:32:00:00:01, 48.48.0.1, pi3b+\n",
            "left      environments/a.json\tenvironment raspbian: its image is not found",
        ],
    );
    check(folder.path(), &arguments, &["nothing to change"]);
    std::fs::write(cluster.join("nodes/node-2.json"), "[]").unwrap();
    let (done, text) = import(folder.path(), &arguments);
    assert!(!done && text.contains("node-2.json is no JSON object"), "{text}");
}
