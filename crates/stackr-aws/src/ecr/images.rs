//! The settings of a repository's images, which the resource and the data share.

use stackr_core::Block;

/// Whether images are scanned for known flaws.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct ImageScanning {
    /// Scan every image that is pushed.
    pub scan_on_push: bool,
}

/// How images are encrypted.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct ImageEncryption {
    /// `AES256`, `KMS` or `KMS_DSSE`.
    #[arg(default = "AES256")]
    pub encryption_type: String,
    /// ARN of the key with KMS; AWS's own if absent.
    #[arg(computed)]
    pub kms_key: Option<String>,
}
