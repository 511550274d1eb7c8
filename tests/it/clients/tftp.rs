//! The TFTP clients of tftp-hpa, atftp, curl and busybox: files of every awkward size arrive whole, also beyond
//! 65,535 blocks; what is not there is told; nothing can be written.

use super::network::{BOARD_PORT, Network, Tool, with_leases};
use std::process::Output;

/// Around one block, with and without options.
const SIZES: [usize; 7] = [0, 1, 511, 512, 513, 1468, 70_000];
/// Block numbers roll over to 0, and the last block is not full.
const MANY_BLOCKS: usize = 65_600;

/// A client: words of its command lines, with `REMOTE` and `LOCAL` for the names.
struct Client {
    tool: Tool,
    /// Each way to ask for a file.
    gets: &'static [&'static [&'static str]],
    /// A way to ask in that many blocks of so many bytes.
    get_many: (usize, &'static [&'static str]),
    put: &'static [&'static str],
    /// Exit status and words for a file that is not there, and for one that may not be written.
    not_there: (i32, &'static str),
    refused: (i32, &'static str),
}

const TFTP_HPA: Client = Client {
    tool: ("tftp", "tftp-hpa"),
    // It knows no options. Boot files have no line ends to translate, so that netascii brings the same.
    gets: &[
        &["tftp", "-m", "octet", "10.20.0.1", "-c", "get", "REMOTE", "LOCAL"],
        &["tftp", "-m", "netascii", "10.20.0.1", "-c", "get", "REMOTE", "LOCAL"],
    ],
    get_many: (512, &["tftp", "-m", "octet", "10.20.0.1", "-c", "get", "REMOTE", "LOCAL"]),
    put: &["tftp", "-m", "octet", "10.20.0.1", "-c", "put", "LOCAL", "REMOTE"],
    not_there: (0, "Error code 1: file not found"),
    refused: (0, "Error code 2: nothing can be written here"),
};

const ATFTP: Client = Client {
    tool: ("atftp", "atftp"),
    gets: &[
        &["atftp", "--get", "-r", "REMOTE", "-l", "LOCAL", "10.20.0.1"],
        &[
            "atftp",
            "--option",
            "tsize 0",
            "--option",
            "blksize 1468",
            "--option",
            "windowsize 8",
            "--get",
            "-r",
            "REMOTE",
            "-l",
            "LOCAL",
            "10.20.0.1",
        ],
        &[
            "atftp",
            "--option",
            "timeout 3",
            "--option",
            "multicast",
            "--get",
            "-r",
            "REMOTE",
            "-l",
            "LOCAL",
            "10.20.0.1",
        ],
    ],
    get_many: (
        512,
        &["atftp", "--option", "windowsize 16", "--get", "-r", "REMOTE", "-l", "LOCAL", "10.20.0.1"],
    ),
    put: &["atftp", "--put", "-l", "LOCAL", "-r", "REMOTE", "10.20.0.1"],
    not_there: (255, "file not found"),
    refused: (255, "nothing can be written here"),
};

const CURL: Client = Client {
    tool: ("curl", "curl"),
    gets: &[
        &["curl", "-sS", "--tftp-no-options", "tftp://10.20.0.1/REMOTE", "-o", "LOCAL"],
        &["curl", "-sS", "tftp://10.20.0.1/REMOTE", "-o", "LOCAL"],
        &["curl", "-sS", "--tftp-blksize", "1468", "tftp://10.20.0.1/REMOTE", "-o", "LOCAL"],
    ],
    get_many: (8, &["curl", "-sS", "--tftp-blksize", "8", "tftp://10.20.0.1/REMOTE", "-o", "LOCAL"]),
    put: &["curl", "-sS", "-T", "LOCAL", "tftp://10.20.0.1/REMOTE"],
    not_there: (68, ""),
    refused: (69, ""),
};

const BUSYBOX: Client = Client {
    tool: ("busybox", "busybox-static"),
    gets: &[
        &["busybox", "tftp", "-g", "-r", "REMOTE", "-l", "LOCAL", "10.20.0.1"],
        &["busybox", "tftp", "-b", "1468", "-g", "-r", "REMOTE", "-l", "LOCAL", "10.20.0.1"],
    ],
    get_many: (512, &["busybox", "tftp", "-g", "-r", "REMOTE", "-l", "LOCAL", "10.20.0.1"]),
    put: &["busybox", "tftp", "-p", "-l", "LOCAL", "-r", "REMOTE", "10.20.0.1"],
    not_there: (1, "file not found"),
    refused: (1, "nothing can be written here"),
};

#[test]
fn tftp_hpa_gets_its_files() {
    fetches(&TFTP_HPA);
}

#[test]
fn atftp_gets_its_files() {
    fetches(&ATFTP);
}

#[test]
fn curl_gets_its_files() {
    fetches(&CURL);
}

#[test]
fn busybox_gets_its_files() {
    fetches(&BUSYBOX);
}

fn fetches(client: &'static Client) {
    with_leases(3600, &[client.tool], async |network| {
        network.board.run(&["ip", "addr", "add", "10.20.0.7/24", "dev", BOARD_PORT]).await;
        for size in SIZES {
            for get in client.gets {
                if !is_refused_by_curl(get, size) {
                    check_arrives(&network, get, size).await;
                }
            }
        }
        let (block_bytes, get) = client.get_many;
        check_arrives(&network, get, MANY_BLOCKS * block_bytes + block_bytes / 2).await;
        check_fails(&network, client.gets[0], "not-there", client.not_there).await;
        check_fails(&network, client.put, "written", client.refused).await;
        assert!(!network.boot_files().join("written").exists());
    });
}

/// curl takes an acknowledged size of 0 for nonsense (`tftp.c`: "invalid tsize"), whoever sends it.
fn is_refused_by_curl(get: &[&str], size: usize) -> bool {
    size == 0 && get[0] == "curl" && !get.contains(&"--tftp-no-options")
}

async fn check_arrives(network: &Network, get: &[&str], size: usize) {
    let bytes = content(size);
    std::fs::write(network.boot_files().join("file"), &bytes).unwrap();
    let local = network.folder().join("fetched");
    drop(std::fs::remove_file(&local));
    let output = run(network, get, "file").await;
    assert!(output.status.success(), "{get:?} of {size} bytes: {output:?}");
    let arrived = std::fs::read(&local).unwrap();
    assert!(arrived == bytes, "{get:?} of {size} bytes: {} arrived: {output:?}", arrived.len());
}

async fn check_fails(network: &Network, command: &[&str], remote: &str, expected: (i32, &str)) {
    let output = run(network, command, remote).await;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert_eq!(output.status.code(), Some(expected.0), "{command:?}: {said}");
    assert!(said.contains(expected.1), "{command:?}: {said}");
}

async fn run(network: &Network, command: &[&str], remote: &str) -> Output {
    let local = network.folder().join("fetched");
    let named = |word: &&str| word.replace("REMOTE", remote).replace("LOCAL", local.to_str().unwrap());
    let words: Vec<String> = command.iter().map(named).collect();
    network.board.output(&words.iter().map(String::as_str).collect::<Vec<_>>()).await
}

/// Bytes that repeat after 1021: a block that came twice or not at all shows.
fn content(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at % 1021 % 256) as u8).collect()
}
