//! The state's key: what is made and kept in state alone (a random password, say) is recorded encrypted with it, so
//! that a later run knows it.
//!
//! Format: `x1:` and the base64 of 24 random bytes (the nonce) and the ciphertext of XChaCha20-Poly1305 with its tag.
//! The type, the uid of the object and the place of the value in its outputs are authenticated with it, so that no
//! value can stand where another was. The uid, and not the address, because an address may be changed.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};

/// The version of the format.
const VERSION: &str = "x1:";

/// Bytes of a nonce: enough to be drawn at random for every value.
const NONCE: usize = 24;

/// Where an encrypted value stands.
#[derive(Clone, Copy, Debug)]
pub struct Slot<'a> {
    /// The type of the object.
    pub ty: &'a str,
    /// Its uid.
    pub uid: &'a str,
    /// The place in its outputs: `/result`.
    pub place: &'a str,
}

/// The key of a state: 32 random bytes.
#[derive(Clone)]
pub struct StateKey([u8; 32]);

/// A key that is none, or not the one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is no key.
    #[error("a state key is 32 random bytes in base64")]
    NoKey,
    /// It was encrypted with another key, or is damaged, or belongs elsewhere.
    #[error("it was encrypted with another key, or was changed since")]
    Other,
    /// It was written by another version.
    #[error("it is encrypted in a way that this stackr does not know")]
    Newer,
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    NoRandom,
}

impl StateKey {
    /// Reads a key from base64.
    ///
    /// # Errors
    /// [`KeyError::NoKey`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| KeyError::NoKey)?;
        bytes.try_into().map(Self).map_err(|_| KeyError::NoKey)
    }

    /// Encrypts a text.
    ///
    /// # Errors
    /// [`KeyError::NoRandom`].
    pub fn encrypt(&self, text: &str, slot: Slot<'_>) -> Result<String, KeyError> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|_| KeyError::NoRandom)?;
        self.encrypt_with(nonce, text, slot)
    }

    fn encrypt_with(&self, nonce: [u8; NONCE], text: &str, slot: Slot<'_>) -> Result<String, KeyError> {
        let aad = slot.authenticated();
        let payload = Payload { msg: text.as_bytes(), aad: aad.as_bytes() };
        // Only a text of many gigabytes is refused.
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload).map_err(|_| KeyError::Newer)?;
        let mut bytes = nonce.to_vec();
        bytes.extend(sealed);
        Ok(format!("{VERSION}{}", STANDARD.encode(bytes)))
    }

    /// Decrypts what [`StateKey::encrypt`] gave for the same place.
    ///
    /// # Errors
    /// [`KeyError::Other`], [`KeyError::Newer`].
    pub fn decrypt(&self, encrypted: &str, slot: Slot<'_>) -> Result<String, KeyError> {
        let text = encrypted.strip_prefix(VERSION).ok_or(KeyError::Newer)?;
        let bytes = STANDARD.decode(text).map_err(|_| KeyError::Other)?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>().ok_or(KeyError::Other)?;
        let aad = slot.authenticated();
        let payload = Payload { msg: sealed, aad: aad.as_bytes() };
        let text = self.cipher().decrypt(&XNonce::from(*nonce), payload).map_err(|_| KeyError::Other)?;
        String::from_utf8(text).map_err(|_| KeyError::Other)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.0.into())
    }
}

impl Slot<'_> {
    fn authenticated(&self) -> String {
        format!("{}\n{}\n{}", self.ty, self.uid, self.place)
    }
}

impl fmt::Debug for StateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StateKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOT: Slot<'_> = Slot { ty: "random_password", uid: "u1", place: "/result" };

    fn key(byte: u8) -> StateKey {
        StateKey::parse(&STANDARD.encode([byte; 32])).unwrap()
    }

    #[test]
    fn a_key_is_32_bytes_in_base64() {
        assert!(StateKey::parse(&format!(" {}\n", STANDARD.encode([7; 32]))).is_ok());
        for text in ["", "x", "hunter2", &STANDARD.encode([7; 31])] {
            assert_eq!(StateKey::parse(text).unwrap_err(), KeyError::NoKey, "{text}");
        }
        assert_eq!(format!("{:?}", key(7)), "StateKey(…)");
    }

    #[test]
    fn the_key_and_the_place_give_the_text_and_nothing_else_does() {
        let encrypted = key(7).encrypt("hunter2", SLOT).unwrap();
        assert!(!encrypted.contains("hunter2"));
        assert_eq!(key(7).decrypt(&encrypted, SLOT).unwrap(), "hunter2");
        assert_ne!(encrypted, key(7).encrypt("hunter2", SLOT).unwrap(), "every nonce is another");
        assert_eq!(key(8).decrypt(&encrypted, SLOT).unwrap_err(), KeyError::Other);
        for slot in [
            Slot { ty: "random_bytes", ..SLOT },
            Slot { uid: "u2", ..SLOT },
            Slot { place: "/bcrypt_hash", ..SLOT },
        ] {
            assert_eq!(key(7).decrypt(&encrypted, slot).unwrap_err(), KeyError::Other);
        }
        for damaged in ["x1:", "x1:!", "x1:AAAA", &encrypted[..encrypted.len() - 4]] {
            assert_eq!(key(7).decrypt(damaged, SLOT).unwrap_err(), KeyError::Other, "{damaged}");
        }
        assert_eq!(key(7).decrypt("x2:AAAA", SLOT).unwrap_err(), KeyError::Newer);
    }

    #[test]
    fn what_version_1_wrote_is_read_for_ever() {
        let written = key(7).encrypt_with([9; NONCE], "hunter2", SLOT).unwrap();
        assert_eq!(written, GOLDEN);
        assert_eq!(key(7).decrypt(GOLDEN, SLOT).unwrap(), "hunter2");
    }

    const GOLDEN: &str = "x1:CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJ1geM/hnYSzrI/suKgO3TBV9p1OKqnMA=";
}
