//! Seals: what stands for a secret in state, so that a change is seen and the secret is not.

use sha2::{Digest as _, Sha256};

/// A fresh random salt.
#[must_use]
pub fn new_salt() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// The seal of a secret: `<salt>:<sha-256 of salt and secret>`. The salt must not contain `:`.
///
/// # Caveats
/// A short or guessable secret can be found again from its seal by trying; state is to be kept like a password file.
#[must_use]
pub fn seal(secret: &str, salt: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(salt.as_bytes());
    hash.update([0]);
    hash.update(secret.as_bytes());
    format!("{salt}:{}", hex(&hash.finalize()))
}

/// Whether this is the seal of this secret.
#[must_use]
pub fn matches(sealed: &str, secret: &str) -> bool {
    sealed.split_once(':').is_some_and(|(salt, _)| seal(secret, salt) == sealed)
}

/// The uid that an object is recorded with which was made elsewhere, in the form of any other: the same every time, so
/// that taking it over again changes nothing. The object is not marked with it.
#[must_use]
pub fn adopted_uid(ty: &str, id: &str) -> String {
    let hash = Sha256::digest(format!("adopted {ty} {id}").as_bytes());
    hex(&hash[..16])
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).filter_map(|n| char::from_digit(n.into(), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_knows_its_secret_and_does_not_show_it() {
        let salt = new_salt();
        let sealed = seal("hunter2", &salt);
        assert!(
            matches(&sealed, "hunter2") && !matches(&sealed, "hunter3") && !matches("no seal", "hunter2")
        );
        assert!(!sealed.contains("hunter2"));
        assert_ne!(sealed, seal("hunter2", &new_salt()));
        assert_eq!(seal("abc", "x"), format!("x:{}", hex(&Sha256::digest(b"x\0abc"))));
    }
}
