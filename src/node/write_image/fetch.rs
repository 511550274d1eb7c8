//! Fetches an image from pimaster. *IO: plain HTTP.*
//!
//! A broken connection is ordinary: the request is made again from the first missing byte, with growing pauses,
//! until nothing has come for [`PATIENCE`]. Only an answer that will not change ends the verb at once.

use super::plan::LARGEST_CHUNK;
use crate::model::image::{Chunk, Digest, Manifest};
use crate::node::stop::Stop;
use std::io::Read;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use ureq::http::StatusCode;

/// How long the server may be silent.
const PATIENCE: Duration = Duration::from_secs(60);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);
/// A connection on which nothing comes for so long is dead.
const SILENCE: Duration = Duration::from_secs(10);
/// About 300,000 chunks: an image of more than 100 GB.
const LARGEST_MANIFEST: u64 = 64 << 20;

/// Where the image comes from.
pub(super) struct Source {
    agent: ureq::Agent,
    url: String,
    bearer: String,
}

/// Why a request brought nothing.
pub(super) enum FetchError {
    /// The connection, the server: another try may help.
    Broken(String),
    /// An answer that will not change.
    Refused(Stop),
}

impl Source {
    /// The image at that address, for the bearer of that token.
    pub(super) fn new(url: &str, token: &str) -> Result<Self, Stop> {
        if !url.starts_with("http://") {
            return Err(Stop::argument("url", format!("`{url}`"), "an address that starts with http://"));
        }
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Stop::argument("token", "empty, or with blanks or control characters", "a token"));
        }
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_connect(Some(SILENCE))
            .timeout_recv_response(Some(SILENCE))
            .timeout_per_read(Some(SILENCE))
            .build()
            .new_agent();
        Ok(Self { agent, url: url.trim_end_matches('/').to_owned(), bearer: format!("Bearer {token}") })
    }

    /// Fetches the manifest.
    pub(super) fn manifest(&self, stop: &AtomicBool) -> Result<Manifest, Stop> {
        patiently(stop, || {
            let response = self.get("manifest", None)?;
            let bytes = response.into_body().into_with_config().limit(LARGEST_MANIFEST).read_to_vec();
            let bytes = bytes.map_err(|error| FetchError::Broken(error.to_string()))?;
            serde_json::from_slice(&bytes).map_err(|error| {
                FetchError::Refused(Stop::pointless(
                    format!("{}/manifest is no manifest: {error}", self.url),
                    "the manifest of an image as JSON",
                    "Import the image again; the node's copy of pimaster may be older than the daemon: run `pimaster nfs prepare`.",
                ))
            })
        })
    }

    /// Opens a range of the stored file for reading.
    pub(super) fn range(&self, stored: &Range<u64>) -> Result<impl Read + use<>, FetchError> {
        let header = format!("bytes={}-{}", stored.start, stored.end.saturating_sub(1));
        Ok(self.get("chunks", Some(header))?.into_body().into_reader())
    }

    /// Fetches one chunk and judges its content.
    pub(super) fn chunk(&self, chunk: &Chunk, stop: &AtomicBool) -> Result<Result<Vec<u8>, String>, Stop> {
        patiently(stop, || {
            let mut reader = self.range(&(chunk.stored_offset..super::plan::stored_end(chunk)))?;
            let frame = read_frame(&mut reader, chunk)?;
            Ok(Unpacker::new().and_then(|mut unpacker| unpacker.unpack(chunk, &frame, Vec::new())))
        })
    }

    fn get(&self, name: &str, range: Option<String>) -> Result<ureq::http::Response<ureq::Body>, FetchError> {
        let url = format!("{}/{name}", self.url);
        let mut request = self.agent.get(&url).header("Authorization", &self.bearer);
        let wanted = match range {
            Some(range) => {
                request = request.header("Range", range);
                StatusCode::PARTIAL_CONTENT
            }
            None => StatusCode::OK,
        };
        let response = request.call().map_err(|error| FetchError::Broken(format!("{url}: {error}")))?;
        let status = response.status();
        if status == wanted { Ok(response) } else { Err(unexpected(&url, status)) }
    }
}

fn unexpected(url: &str, status: StatusCode) -> FetchError {
    let seen = format!("{url} answered {status}");
    let advice = match status.as_u16() {
        408 | 425 | 429 | 500.. => return FetchError::Broken(seen),
        401 | 403 => "Deploy again: this deployment's token is no longer good.",
        404 | 410 => "Import the image again, then deploy again: it is no longer in the data folder.",
        416 => "Import the image again: its stored file is shorter than its manifest says.",
        _ => "Look at the address in the daemon's settings: something else than pimaster answers there.",
    };
    FetchError::Refused(Stop::pointless(seen, "the image, or the range of it that was asked for", advice))
}

/// Reads one chunk's frame from an open range.
pub(super) fn read_frame(reader: &mut impl Read, chunk: &Chunk) -> Result<Vec<u8>, FetchError> {
    let size = usize::try_from(chunk.stored_bytes.min(LARGEST_CHUNK)).unwrap_or_default();
    let mut frame = Vec::with_capacity(size);
    let count = reader.take(size as u64).read_to_end(&mut frame);
    match count {
        Ok(count) if count == size => Ok(frame),
        Ok(count) => Err(FetchError::Broken(format!("the connection ended after {count} of {size} bytes"))),
        Err(error) => Err(FetchError::Broken(error.to_string())),
    }
}

/// Unpacks frames and compares digests.
pub(super) struct Unpacker(zstd::bulk::Decompressor<'static>);

impl Unpacker {
    /// Ready for any number of frames.
    pub(super) fn new() -> Result<Self, String> {
        zstd::bulk::Decompressor::new().map(Self).map_err(|error| format!("zstd does not start: {error}"))
    }

    /// Unpacks a frame into the buffer; `Err` says what is wrong with it.
    pub(super) fn unpack(
        &mut self,
        chunk: &Chunk,
        frame: &[u8],
        mut buffer: Vec<u8>,
    ) -> Result<Vec<u8>, String> {
        let size = usize::try_from(chunk.disk_bytes.min(LARGEST_CHUNK)).unwrap_or_default();
        buffer.clear();
        buffer.reserve(size);
        match self.0.decompress_to_buffer(frame, &mut buffer) {
            Err(error) => Err(format!("it does not unpack: {error}")),
            Ok(count) if count != size => Err(format!("it unpacks to {count} bytes, not {size}")),
            Ok(_) => {
                let digest = Digest::of(&buffer);
                if digest == chunk.digest { Ok(buffer) } else { Err(format!("its digest is {digest}")) }
            }
        }
    }
}

/// Tries until it works, cannot work, or the server has been silent for too long.
fn patiently<T>(stop: &AtomicBool, mut attempt: impl FnMut() -> Result<T, FetchError>) -> Result<T, Stop> {
    let mut patience = Patience::new();
    loop {
        match attempt() {
            Ok(value) => return Ok(value),
            Err(FetchError::Refused(stop)) => return Err(stop),
            Err(FetchError::Broken(what)) => patience.wait(&what, stop)?,
        }
    }
}

/// Growing pauses between tries.
pub(super) struct Patience {
    failing_since: Option<Instant>,
    pause: Duration,
}

impl Patience {
    /// Nothing has failed yet.
    pub(super) fn new() -> Self {
        Self { failing_since: None, pause: FIRST_PAUSE }
    }

    /// Something came through.
    pub(super) fn renew(&mut self) {
        *self = Self::new();
    }

    /// Waits before the next try, or gives up.
    pub(super) fn wait(&mut self, what: &str, stop: &AtomicBool) -> Result<(), Stop> {
        let since = *self.failing_since.get_or_insert_with(Instant::now);
        if since.elapsed() >= PATIENCE {
            return Err(Stop::worthwhile(
                format!("the image does not come through: {what}"),
                format!("an answer within {} s", PATIENCE.as_secs()),
                "Look at the cable and the switch; the card keeps what was written, the next try goes on from there.",
            ));
        }
        let end = Instant::now() + self.pause;
        while Instant::now() < end {
            if stop.load(Ordering::Relaxed) {
                return Err(Stop::Gone);
            }
            std::thread::sleep(FIRST_PAUSE.min(end.saturating_duration_since(Instant::now())));
        }
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }
}
