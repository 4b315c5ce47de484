//! A store in S3: `s3://<bucket>/<prefix>/<env>/<stack>/state.json`, or beside a key as `backend "s3"` names it
//! (`<key>`, `<key>.journal/…`, `<key>.lease`).
//!
//! Facts that shape this module:
//! - a write with `If-None-Match: *` or `If-Match` is decided by S3, atomically; a delete marker counts as absent;
//! - a `409 ConditionalRequestConflict` means that another request ran at the same moment. The SDK does not repeat it,
//!   so it is repeated here;
//! - `If-Match` on a key that does not exist answers `404 NoSuchKey`, not 412;
//! - an `ETag` is opaque (it is no MD5 under KMS) and goes back verbatim, with its quotes;
//! - a client that repeats requests by itself may answer 412 to a write that worked; the session reads back;
//! - `HEAD` has no body, so a missing bucket looks like a missing key there. A session always begins with a `GET`.

mod bootstrap;
mod error;

use std::time::Duration;

use aws_sdk_s3::{
    Client,
    config::{AsyncSleep as _, http::HttpResponse},
    error::{ProvideErrorMetadata as _, SdkError},
    operation::put_object::PutObjectError,
    primitives::ByteStream,
    types::ServerSideEncryption,
};
use stackr_core::BoxFuture;

pub use self::bootstrap::{Bootstrap, bootstrap};
use self::error::{failed, status};
use crate::{Blob, Error, Expect, Key, Result, StackName, Store, Version, Written};

/// How often a write that met another request is repeated: S3 answers 409 only while that one lasts.
const CONFLICTS: u32 = 6;
/// The first pause before such a repeat; it doubles.
const PAUSE: Duration = Duration::from_millis(100);

/// How what is written is encrypted at rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// As the bucket says.
    #[default]
    Bucket,
    /// With keys of S3.
    Aes256,
    /// With this key of KMS (id, ARN or alias).
    Kms(String),
}

/// A store in a bucket.
#[derive(Clone, Debug)]
pub struct S3 {
    client: Client,
    bucket: String,
    encryption: Encryption,
    snapshot: String,
    backup: String,
    damaged: String,
    journal: String,
    lease: String,
    probe: String,
}

impl S3 {
    /// A stack's own prefix below a common one: `<prefix>/<env>/<stack>/`. The client may repeat requests.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a name cannot be part of a key.
    pub fn directory(
        client: Client,
        bucket: impl Into<String>,
        prefix: &str,
        name: &StackName,
    ) -> Result<Self> {
        name.check()?;
        let prefix = prefix.trim_matches('/');
        let slash = if prefix.is_empty() { "" } else { "/" };
        let directory = format!("{prefix}{slash}{}/{}", name.env, name.stack);
        Ok(Self {
            client,
            bucket: bucket.into(),
            encryption: Encryption::default(),
            snapshot: format!("{directory}/state.json"),
            backup: format!("{directory}/state.json.backup"),
            damaged: format!("{directory}/state.json.damaged"),
            journal: format!("{directory}/journal/"),
            lease: format!("{directory}/lease.json"),
            probe: format!("{directory}/probe-"),
        })
    }

    /// A key, as `backend "s3" { key = … }` names it; the rest goes beside it. The client may repeat requests.
    pub fn key(client: Client, bucket: impl Into<String>, key: impl Into<String>) -> Self {
        let key = key.into();
        Self {
            client,
            bucket: bucket.into(),
            encryption: Encryption::default(),
            backup: format!("{key}.backup"),
            damaged: format!("{key}.damaged"),
            journal: format!("{key}.journal/"),
            lease: format!("{key}.lease"),
            probe: format!("{key}.probe-"),
            snapshot: key,
        }
    }

    /// The same store, encrypting what it writes.
    #[must_use]
    pub fn encrypted(mut self, encryption: Encryption) -> Self {
        self.encryption = encryption;
        self
    }

    fn name(&self, key: Key) -> String {
        match key {
            Key::Snapshot => self.snapshot.clone(),
            Key::Backup => self.backup.clone(),
            Key::Damaged => self.damaged.clone(),
            Key::Part(number) => format!("{}{number:06}.json", self.journal),
            Key::Lease => self.lease.clone(),
            Key::Probe(number) => format!("{}{number:x}", self.probe),
        }
    }

    async fn get(&self, key: Key) -> Result<Option<Blob>> {
        let answer = self.client.get_object().bucket(&self.bucket).key(self.name(key)).send().await;
        let found = match answer {
            Ok(found) => found,
            Err(error) if error.code() == Some("NoSuchKey") => return Ok(None),
            Err(error) => return Err(self.failed(key, "read", error)),
        };
        let etag = found.e_tag.clone();
        let place = self.place(key);
        let body = found.body.collect().await.map_err(|error| Error::Unavailable {
            place: place.clone(),
            verb: "read",
            source: Some(Box::new(error)),
        })?;
        Ok(Some(Blob { bytes: body.to_vec(), version: named(etag, &place)? }))
    }

    async fn head(&self, key: Key) -> Result<Option<Version>> {
        match self.client.head_object().bucket(&self.bucket).key(self.name(key)).send().await {
            Ok(found) => named(found.e_tag, &self.place(key)).map(Some),
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(self.failed(key, "read", error)),
        }
    }

    async fn list(&self) -> Result<Vec<u64>> {
        let mut pages =
            self.client.list_objects_v2().bucket(&self.bucket).prefix(&self.journal).into_paginator().send();
        let mut numbers = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                failed(&self.client, &self.bucket, self.place_of(&self.journal), "listed", error)
            })?;
            numbers.extend(page.contents().iter().filter_map(|object| {
                let name = object.key()?.strip_prefix(&self.journal)?;
                name.strip_suffix(".json")?.parse::<u64>().ok()
            }));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    async fn put(&self, key: Key, bytes: &[u8], expect: &Expect) -> Result<Written> {
        let mut pause = PAUSE;
        for _ in 0..CONFLICTS {
            match self.try_put(key, bytes, expect).await {
                Ok(written) => return Ok(written),
                Err(error) => match (error.code(), status(&error)) {
                    (Some("PreconditionFailed"), _) | (None, Some(412)) => return Ok(Written::Refused),
                    (Some("NoSuchKey"), _) => return Ok(Written::Refused),
                    (Some("ConditionalRequestConflict" | "OperationAborted"), _) => {}
                    _ => return Err(self.failed(key, "written", error)),
                },
            }
            rest(&self.client, pause).await;
            pause *= 2;
        }
        Err(Error::Unavailable { place: self.place(key), verb: "written", source: None })
    }

    async fn try_put(
        &self,
        key: Key,
        bytes: &[u8],
        expect: &Expect,
    ) -> Result<Written, SdkError<PutObjectError, HttpResponse>> {
        let request = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(self.name(key))
            .content_type("application/json")
            .body(ByteStream::from(bytes.to_vec()));
        let request = match expect {
            Expect::Absent => request.if_none_match("*"),
            Expect::Version(version) => request.if_match(&version.0),
            Expect::Any => request,
        };
        let request = match &self.encryption {
            Encryption::Bucket => request,
            Encryption::Aes256 => request.server_side_encryption(ServerSideEncryption::Aes256),
            Encryption::Kms(id) => {
                request.server_side_encryption(ServerSideEncryption::AwsKms).ssekms_key_id(id)
            }
        };
        let answer = request.send().await?;
        // An answer without a tag is read back by the caller like a lost one.
        Ok(answer.e_tag.map_or(Written::Refused, |etag| Written::Done(Version(etag))))
    }

    async fn delete(&self, key: Key, version: Option<Version>) -> Result<()> {
        // Not every store that speaks S3 honours the condition of a delete, so it is looked at first.
        if version.is_some() && self.head(key).await? != version {
            return Ok(());
        }
        let request = self.client.delete_object().bucket(&self.bucket).key(self.name(key));
        let answer = request.set_if_match(version.map(|version| version.0)).send().await;
        match answer {
            Ok(_) => Ok(()),
            Err(error)
                if matches!(status(&error), Some(404 | 412)) && error.code() != Some("NoSuchBucket") =>
            {
                Ok(())
            }
            Err(error) => Err(self.failed(key, "removed", error)),
        }
    }

    fn failed<E>(&self, key: Key, verb: &'static str, error: SdkError<E, HttpResponse>) -> Error
    where
        E: aws_sdk_s3::error::ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        failed(&self.client, &self.bucket, self.place(key), verb, error)
    }

    fn place_of(&self, name: &str) -> String {
        format!("s3://{}/{name}", self.bucket)
    }
}

impl Store for S3 {
    fn place(&self, key: Key) -> String {
        self.place_of(&self.name(key))
    }

    fn read(&self, key: Key) -> BoxFuture<'_, Result<Option<Blob>>> {
        Box::pin(self.get(key))
    }

    fn version(&self, key: Key) -> BoxFuture<'_, Result<Option<Version>>> {
        Box::pin(self.head(key))
    }

    fn parts(&self) -> BoxFuture<'_, Result<Vec<u64>>> {
        Box::pin(self.list())
    }

    fn write<'a>(&'a self, key: Key, bytes: &'a [u8], expect: Expect) -> BoxFuture<'a, Result<Written>> {
        Box::pin(async move { self.put(key, bytes, &expect).await })
    }

    fn remove(&self, key: Key, version: Option<Version>) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.delete(key, version))
    }
}

/// The version in an answer.
fn named(etag: Option<String>, place: &str) -> Result<Version> {
    etag.map(Version)
        .ok_or_else(|| Error::Unsafe { place: place.to_owned(), reason: "it gives no ETag".to_owned() })
}

/// Waits with the client's own clock, so that no runtime is named here.
async fn rest(client: &Client, pause: Duration) {
    if let Some(clock) = client.config().sleep_impl() {
        clock.sleep(pause).await;
    }
}
