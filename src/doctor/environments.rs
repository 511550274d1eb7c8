//! What can be deployed, and whether its files are whole. *IO: the database, the images' manifests; `judge` is pure.*
//!
//! The chunks are not read: each carries a digest that the node compares while it writes.

use super::finding::{Finding, Verdict};
use super::scene::Scene;
use crate::model::check::Check;
use crate::model::environment::Environment;
use crate::model::folder::DataFolder;
use crate::model::image::Manifest;
use crate::store::environments;
use std::fs;

const AGAIN: &str = "Remove the environment with `pimaster image remove` and import its image again.";

/// The findings.
pub(super) async fn check(scene: &Scene) -> Vec<Finding> {
    let store = match scene.store() {
        Ok(store) => store,
        Err(verdict) => return vec![verdict.of(Check::Environments, "environments")],
    };
    let all = match store.read(environments::list).await {
        Ok(all) => all,
        Err(error) => {
            let verdict = Verdict::failure(error.to_string(), "the list of environments", "See `database`.");
            return vec![verdict.of(Check::Environments, "environments")];
        }
    };
    if all.is_empty() {
        let verdict = Verdict::warning(
            "there is none",
            "at least one image that can be deployed",
            "Run `pimaster image import FILE.img.xz --name NAME`.",
        );
        return vec![verdict.of(Check::Environments, "environments")];
    }
    let data = &scene.config.data;
    all.iter().map(|it| judge(it, &look(it, data), data).of(Check::Environments, &it.name)).collect()
}

/// The files of an environment.
struct Files {
    manifest: Result<Manifest, String>,
    chunk_bytes: Result<u64, String>,
}

fn look(environment: &Environment, data: &DataFolder) -> Files {
    let (manifest, chunks) = (data.image_manifest(environment.id), data.image_chunks(environment.id));
    let text = fs::read(&manifest).map_err(|error| error.to_string());
    let parse = |text: Vec<u8>| serde_json::from_slice(&text).map_err(|error| error.to_string());
    let size = fs::File::open(&chunks).and_then(|file| file.metadata()).map(|metadata| metadata.len());
    Files { manifest: text.and_then(parse), chunk_bytes: size.map_err(|error| error.to_string()) }
}

fn judge(environment: &Environment, files: &Files, data: &DataFolder) -> Verdict {
    let (manifest, chunks) = (data.image_manifest(environment.id), data.image_chunks(environment.id));
    let broken = |seen: String, expected: &str| Verdict::failure(seen, expected, AGAIN);
    let read = match &files.manifest {
        Ok(read) => read,
        Err(error) => return broken(format!("{}: {error}", manifest.display()), "the image's manifest"),
    };
    if read.digest != environment.digest || Manifest::digest_of(&read.chunks) != environment.digest {
        return broken(
            format!("{} describes another image", manifest.display()),
            "the manifest of the image that was imported",
        );
    }
    match &files.chunk_bytes {
        Err(error) => broken(format!("{}: {error}", chunks.display()), "the image's blocks"),
        Ok(bytes) if *bytes != environment.stored_bytes => {
            let seen = format!("{} has {bytes} bytes", chunks.display());
            broken(seen, &format!("{} bytes, as imported", environment.stored_bytes))
        }
        Ok(_) => Verdict::Good(format!(
            "{} chunks, {} MiB stored, of a disk of {} MiB",
            read.chunks.len(),
            environment.stored_bytes >> 20,
            environment.disk_bytes >> 20
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Outcome;
    use super::*;
    use crate::model::clock::from_millis;
    use crate::model::environment::OsFamily;
    use crate::model::ids::EnvironmentId;
    use crate::model::image::{Digest, Layout, TableKind};

    #[test]
    fn files_that_are_missing_short_or_another_image_are_named() {
        let digest = Manifest::digest_of(&[]);
        let environment = Environment {
            id: EnvironmentId(3),
            name: "raspios".to_owned(),
            description: String::new(),
            family: OsFamily::RaspberryPiOs,
            ssh_user: "pi".to_owned(),
            layout: Layout { table: TableKind::Mbr, partitions: vec![], boot: 1, root: 2 },
            disk_bytes: 64 << 20,
            used_bytes: 0,
            stored_bytes: 7,
            digest,
            boots_on: None,
            imported_at: from_millis(0),
        };
        let manifest = |digest| {
            Ok(Manifest { disk_bytes: 64 << 20, used_bytes: 0, stored_bytes: 7, digest, chunks: vec![] })
        };
        let check = |manifest: Result<Manifest, String>, chunk_bytes, outcome, part: &str| {
            let verdict = judge(&environment, &Files { manifest, chunk_bytes }, &DataFolder::new("/data"));
            assert_eq!(verdict.outcome(), outcome, "{verdict:?}");
            assert!(format!("{verdict:?}").contains(part), "{verdict:?} lacks {part}");
        };
        check(manifest(digest), Ok(7), Outcome::Ok, "64 MiB");
        check(manifest(digest), Ok(6), Outcome::Failure, "/data/images/3/chunks.zst has 6 bytes");
        check(manifest(digest), Err("gone".to_owned()), Outcome::Failure, "chunks.zst: gone");
        check(Err("gone".to_owned()), Ok(7), Outcome::Failure, "/data/images/3/manifest.json: gone");
        check(manifest(Digest([1; 32])), Ok(7), Outcome::Failure, "another image");
    }
}
