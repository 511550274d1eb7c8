//! Streams that decode: xz, gzip, zstd, and the guards around them. *IO: through the reader they are given.*
//!
//! Called by `unpack`. Memory is bounded: each decoder refuses a window larger than its limit.

use super::error::Error;
use crate::model::problem::Problem;
use liblzma::bufread::XzDecoder;
use liblzma::stream::{MtStreamBuilder, Stream};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicU64, Ordering};

/// The most memory an xz decoder takes with one thread; `xz -9` needs 65 MiB.
const XZ_MEMORY_BYTES: u64 = 512 * 1024 * 1024;
/// What all threads together may take; beyond it fewer are used.
const XZ_THREADS_MEMORY_BYTES: u64 = 256 * 1024 * 1024;
/// `zstd --long=27`: 128 MiB.
const ZSTD_WINDOW_LOG: u32 = 27;

/// Decodes gzip, also several members in a row.
pub(super) fn gzip<'a>(stream: impl BufRead + 'a) -> Box<dyn BufRead + 'a> {
    Box::new(BufReader::new(flate2::bufread::MultiGzDecoder::new(stream)))
}

/// Decodes zstd, also several frames in a row.
pub(super) fn zstd<'a>(stream: impl BufRead + 'a) -> io::Result<Box<dyn BufRead + 'a>> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(stream)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG)?;
    Ok(Box::new(BufReader::new(decoder)))
}

/// Decodes xz on several threads, also several streams in a row.
pub(super) fn xz<'a>(stream: impl BufRead + 'a) -> io::Result<Box<dyn BufRead + 'a>> {
    let first = XzDecoder::new_stream(stream, xz_stream()?);
    Ok(Box::new(BufReader::new(XzStreams { decoder: Some(first) })))
}

fn xz_stream() -> io::Result<Stream> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let stream = MtStreamBuilder::new()
        .threads(u32::try_from(threads).unwrap_or(1))
        .memlimit_threading(XZ_THREADS_MEMORY_BYTES)
        .memlimit_stop(XZ_MEMORY_BYTES)
        .decoder()?;
    Ok(stream)
}

/// Successive xz streams: the threaded decoder ends at the first one's end.
struct XzStreams<R> {
    decoder: Option<XzDecoder<R>>,
}

impl<R: BufRead> Read for XzStreams<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.decoder {
            let size = decoder.read(buffer)?;
            if size > 0 || buffer.is_empty() {
                return Ok(size);
            }
            let rest = self.decoder.take().map(XzDecoder::into_inner);
            self.decoder = rest.map(next_xz_stream).transpose()?.flatten();
        }
        Ok(0)
    }
}

/// The next stream after padding of zeroes, if there is one (.xz file format 1.1.0, section 2.2).
fn next_xz_stream<R: BufRead>(mut rest: R) -> io::Result<Option<XzDecoder<R>>> {
    loop {
        let bytes = rest.fill_buf()?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let padding = bytes.iter().take_while(|byte| **byte == 0).count();
        if padding == 0 {
            return Ok(Some(XzDecoder::new_stream(rest, xz_stream()?)));
        }
        rest.consume(padding);
    }
}

/// Counts what is read.
pub(super) struct Counted<'a, R> {
    pub(super) inner: R,
    pub(super) read: &'a AtomicU64,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.inner.read(buffer)?;
        self.read.fetch_add(size as u64, Ordering::Relaxed);
        Ok(size)
    }
}

impl<R: Seek> Seek for Counted<'_, R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

/// A stream that must have `left` bytes more.
pub(super) struct Exactly<R> {
    pub(super) left: u64,
    pub(super) inner: R,
}

impl<R: Read> Read for Exactly<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.inner.read(buffer)?;
        self.left = self.left.saturating_sub(size as u64);
        if size == 0 && self.left > 0 && !buffer.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(size)
    }
}

/// What a zip archive's errors mean.
pub(super) fn zip_error(error: zip::result::ZipError) -> Error {
    use zip::result::ZipError;
    let is_foreign = matches!(
        error,
        ZipError::UnsupportedArchive(_)
            | ZipError::CompressionMethodNotSupported(_)
            | ZipError::InvalidPassword
    );
    if is_foreign {
        return Error::Unsupported(Problem::new(
            format!("the zip archive cannot be opened here ({error})"),
            "a zip archive with deflate compression and no password",
            "Unpack it and import the .img inside",
        ));
    }
    let cause = if let ZipError::Io(cause) = error { cause } else { io::Error::other(error.to_string()) };
    Error::of_content("the zip archive", &cause)
}
