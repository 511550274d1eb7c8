//! A mail server that keeps what it gets and can refuse (RFC 5321): as much of one as the tests need.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A mail that was taken.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) from: String,
    pub(crate) to: String,
    /// Head and text as they came, lines by `\n`.
    pub(crate) content: String,
}

impl Taken {
    /// The text, decoded as its head says (RFC 2045, 6).
    pub(crate) fn text(&self) -> String {
        let (head, body) = self.content.split_once("\n\n").unwrap();
        if head.contains("base64") {
            return String::from_utf8(STANDARD.decode(body.replace('\n', "")).unwrap()).unwrap();
        }
        if !head.contains("quoted-printable") {
            return body.to_owned();
        }
        let joined = body.replace("=\n", "");
        let mut bytes = Vec::new();
        let mut rest = joined.as_bytes();
        while let Some((first, after)) = rest.split_first() {
            let escaped = (*first == b'=').then(|| std::str::from_utf8(&after[..2]).unwrap());
            bytes.push(escaped.map_or(*first, |hex| u8::from_str_radix(hex, 16).unwrap()));
            rest = if escaped.is_some() { &after[2..] } else { after };
        }
        String::from_utf8(bytes).unwrap()
    }

    /// The path of the link in it.
    pub(crate) fn link(&self) -> String {
        let text = self.text();
        let at = text.find("/links/").unwrap_or_else(|| panic!("no link in {text}"));
        text[at..].split_whitespace().next().unwrap().to_owned()
    }
}

/// The server; ends with the test's runtime.
pub(crate) struct MailServer {
    pub(crate) address: SocketAddr,
    taken: Arc<Mutex<Vec<Taken>>>,
    refusal: Arc<Mutex<Option<&'static str>>>,
}

impl MailServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (taken, refusal) = (Arc::default(), Arc::default());
        let server = Self { address, taken: Arc::clone(&taken), refusal: Arc::clone(&refusal) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, Arc::clone(&taken), Arc::clone(&refusal)));
            }
        });
        server
    }

    /// From now on each recipient is answered so; taken again with none.
    pub(crate) fn refuse(&self, reply: Option<&'static str>) {
        *self.refusal.lock().unwrap() = reply;
    }

    /// What was taken since this was last asked.
    pub(crate) fn taken(&self) -> Vec<Taken> {
        std::mem::take(&mut self.taken.lock().unwrap())
    }
}

async fn talk(
    stream: TcpStream,
    taken: Arc<Mutex<Vec<Taken>>>,
    refusal: Arc<Mutex<Option<&'static str>>>,
) -> Option<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 mail.test ESMTP\r\n").await.ok()?;
    let (mut from, mut to) = (String::new(), String::new());
    while let Some(line) = lines.next_line().await.ok()? {
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let address = || line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        let refused = *refusal.lock().unwrap();
        let reply = match (verb.as_str(), refused) {
            ("EHLO", _) => "250-mail.test\r\n250 8BITMIME",
            ("MAIL", _) => {
                from = address();
                "250 fine"
            }
            ("RCPT", Some(refusal)) => refusal,
            ("RCPT", None) => {
                to = address();
                "250 fine"
            }
            ("DATA", _) => {
                write.write_all(b"354 go on\r\n").await.ok()?;
                let mut content = String::new();
                while let Some(line) = lines.next_line().await.ok()?.filter(|line| line != ".") {
                    content += line.strip_prefix('.').unwrap_or(&line);
                    content.push('\n');
                }
                taken.lock().unwrap().push(Taken { from: from.clone(), to: to.clone(), content });
                "250 taken"
            }
            ("QUIT", _) => "221 bye",
            _ => "250 fine",
        };
        write.write_all(format!("{reply}\r\n").as_bytes()).await.ok()?;
    }
    Some(())
}
