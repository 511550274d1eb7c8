//! Forms with a file: `multipart/form-data` (RFC 7578, RFC 2046 section 5.1), read piece by piece as it comes. *Pure.*
//!
//! Called by `routes::imports`. What is held is never more than a head or the length of a delimiter: the file goes through.

use axum::http::{HeaderMap, header};

/// The longest head of a part.
const LONGEST_HEAD: usize = 8 * 1024;
/// RFC 2046: a boundary has 1 to 70 characters.
const LONGEST_BOUNDARY: usize = 70;

/// A piece of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// A part begins.
    Begin {
        /// The field.
        name: String,
        /// The name of the file, if it is one.
        file: Option<String>,
    },
    /// The next bytes of the part.
    Bytes(Vec<u8>),
    /// There are no more parts.
    End,
}

/// Why a body is no form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotAForm;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Within a part, or before the first one.
    Part,
    /// Behind a delimiter.
    Delimited,
    Ended,
}

/// A form that comes in pieces.
#[derive(Debug)]
pub(super) struct Multipart {
    delimiter: Vec<u8>,
    buffer: Vec<u8>,
    state: State,
    /// What stands before the first delimiter is not for us.
    is_preamble: bool,
}

impl Multipart {
    /// The form that these headers announce.
    pub(super) fn announced(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        let (kind, rest) = value.split_once(';')?;
        if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
            return None;
        }
        let boundary = rest.split(';').find_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
        })?;
        let good = (1..=LONGEST_BOUNDARY).contains(&boundary.len()) && boundary.is_ascii();
        good.then(|| Self {
            delimiter: format!("\r\n--{boundary}").into_bytes(),
            // The first delimiter has no line before it.
            buffer: b"\r\n".to_vec(),
            state: State::Part,
            is_preamble: true,
        })
    }

    /// Takes the next bytes of the body.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next piece; none until more bytes came.
    pub(super) fn next(&mut self) -> Result<Option<Piece>, NotAForm> {
        loop {
            match self.state {
                State::Ended => return Ok(Some(Piece::End)),
                State::Delimited => match self.head()? {
                    Some(piece) => return Ok(Some(piece)),
                    None => return Ok(None),
                },
                State::Part => {
                    let bytes = self.content();
                    let is_kept = !self.is_preamble && !bytes.is_empty();
                    if self.state == State::Delimited {
                        self.is_preamble = false;
                    }
                    if is_kept {
                        return Ok(Some(Piece::Bytes(bytes)));
                    }
                    if self.state == State::Part {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// What is there of a part's content; a delimiter that begins at the end is waited for.
    fn content(&mut self) -> Vec<u8> {
        let begins = |at: &usize| {
            let rest = self.buffer.get(*at..).unwrap_or_default();
            rest.first() == Some(&b'\r')
                && (rest.starts_with(&self.delimiter) || self.delimiter.starts_with(rest))
        };
        let end = (0..self.buffer.len()).find(begins).unwrap_or(self.buffer.len());
        let rest = self.buffer.split_off(end);
        let content = std::mem::replace(&mut self.buffer, rest);
        if self.buffer.starts_with(&self.delimiter) {
            self.buffer.drain(..self.delimiter.len());
            self.state = State::Delimited;
        }
        content
    }

    /// What follows a delimiter: the head of a part, or the end.
    fn head(&mut self) -> Result<Option<Piece>, NotAForm> {
        if self.buffer.starts_with(b"--") {
            self.state = State::Ended;
            return Ok(Some(Piece::End));
        }
        let end = self.buffer.windows(4).position(|four| four == b"\r\n\r\n");
        let Some(end) = end else {
            return if self.buffer.len() > LONGEST_HEAD { Err(NotAForm) } else { Ok(None) };
        };
        let rest = self.buffer.split_off(end + 4);
        let head = std::mem::replace(&mut self.buffer, rest);
        let head = String::from_utf8(head).map_err(|_| NotAForm)?;
        self.state = State::Part;
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"));
        let line = line.ok_or(NotAForm)?;
        let name = parameter(line, "name").ok_or(NotAForm)?;
        Ok(Some(Piece::Begin { name, file: parameter(line, "filename") }))
    }
}

/// A parameter of `Content-Disposition`; browsers write quotes within it as `%22` (HTML, form submission).
fn parameter(line: &str, name: &str) -> Option<String> {
    let (_, rest) = line.split_once(&format!("; {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(value.replace("%22", "\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    const BODY: &str = "--xyz\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\ntoken\r\n--xyz\r\n\
        content-disposition: form-data; name=\"file\"; filename=\"a.img\"\r\nContent-Type: application/octet-stream\r\n\r\n\
        one\r\n--xy\r\n\r\ntwo\r\n--xyz--\r\n";

    fn form(kind: &'static str) -> Option<Multipart> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        Multipart::announced(&headers)
    }

    /// The pieces of a body that comes `size` bytes at a time, content joined.
    fn read(body: &[u8], size: usize) -> Result<Vec<Piece>, NotAForm> {
        let mut form = form("multipart/form-data; boundary=xyz").unwrap();
        let mut pieces: Vec<Piece> = Vec::new();
        for chunk in body.chunks(size) {
            form.feed(chunk);
            while let Some(piece) = form.next()? {
                match (pieces.last_mut(), piece) {
                    (Some(Piece::Bytes(all)), Piece::Bytes(more)) => all.extend(more),
                    (_, Piece::End) => {
                        pieces.push(Piece::End);
                        return Ok(pieces);
                    }
                    (_, piece) => pieces.push(piece),
                }
            }
        }
        Ok(pieces)
    }

    #[test]
    fn parts_are_the_same_however_the_body_is_cut() {
        let expected = vec![
            Piece::Begin { name: "csrf".into(), file: None },
            Piece::Bytes(b"token".to_vec()),
            Piece::Begin { name: "file".into(), file: Some("a.img".into()) },
            Piece::Bytes(b"one\r\n--xy\r\n\r\ntwo".to_vec()),
            Piece::End,
        ];
        for size in 1..=BODY.len() {
            assert_eq!(read(BODY.as_bytes(), size).as_ref(), Ok(&expected), "{size}");
        }
    }

    #[test]
    fn a_body_that_ends_early_has_no_end_and_rubbish_is_refused() {
        let cut = read(&BODY.as_bytes()[..BODY.len() - 12], 7).unwrap();
        assert!(!cut.contains(&Piece::End), "{cut:?}");
        assert_eq!(read(b"--xyz\r\nno head\r\n\r\n", 64), Err(NotAForm));
        let long = [b"--xyz\r\n".to_vec(), vec![b'a'; LONGEST_HEAD + 1]].concat();
        assert_eq!(read(&long, 1024), Err(NotAForm));
        assert!(form("text/plain").is_none() && form("multipart/form-data; boundary=").is_none());
        assert!(form("multipart/form-data; charset=x; boundary=\"xyz\"").is_some());
    }

    #[test]
    fn content_is_let_go_before_the_part_ends() {
        let mut form = form("multipart/form-data; boundary=xyz").unwrap();
        form.feed(b"--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n");
        assert!(matches!(form.next(), Ok(Some(Piece::Begin { .. }))));
        form.feed(&vec![0; 1 << 20]);
        let Ok(Some(Piece::Bytes(bytes))) = form.next() else { panic!("nothing came") };
        assert_eq!((bytes.len(), form.next()), (1 << 20, Ok(None)));
    }
}
