//! Hashes and other one-way functions of texts and files.
//!
//! `rsadecrypt` computes with whole numbers here: the crate for RSA has an open advisory about the time that
//! decryption takes, and brings fifteen more crates for one power and one modulus. Nobody else measures
//! our time:
//! the key is the user's own and the text is his.

use base64::Engine as _;
use num_bigint::BigUint;
use sha2::Digest;
use stackr_core::Value;

use crate::eval::Now;

use super::{
    Function, Kind, Param,
    call::{Call, Result, bad, error, fail},
    encoding::BASE64,
    file,
};

const STR: &[Param] = &[Param::string("str")];
const PATH: &[Param] = &[Param::string("path")];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("base64sha256", STR, Kind::String, |call| {
        of_text(call, |b| base64(&sha2::Sha256::digest(b)))
    }),
    Function::new("base64sha512", STR, Kind::String, |call| {
        of_text(call, |b| base64(&sha2::Sha512::digest(b)))
    }),
    Function::new("bcrypt", STR, Kind::String, bcrypt).rest(Param::number("cost")),
    Function::new("filebase64sha256", PATH, Kind::String, |call| {
        of_file(call, |b| base64(&sha2::Sha256::digest(b)))
    }),
    Function::new("filebase64sha512", PATH, Kind::String, |call| {
        of_file(call, |b| base64(&sha2::Sha512::digest(b)))
    }),
    Function::new("filemd5", PATH, Kind::String, |call| of_file(call, |b| hex(&md5::Md5::digest(b)))),
    Function::new("filesha1", PATH, Kind::String, |call| of_file(call, |b| hex(&sha1::Sha1::digest(b)))),
    Function::new("filesha256", PATH, Kind::String, |call| of_file(call, |b| hex(&sha2::Sha256::digest(b)))),
    Function::new("filesha512", PATH, Kind::String, |call| of_file(call, |b| hex(&sha2::Sha512::digest(b)))),
    Function::new("md5", STR, Kind::String, |call| of_text(call, |b| hex(&md5::Md5::digest(b)))),
    Function::new(
        "rsadecrypt",
        &[Param::string("ciphertext"), Param::string("privatekey")],
        Kind::String,
        rsa_decrypt,
    ),
    Function::new("sha1", STR, Kind::String, |call| of_text(call, |b| hex(&sha1::Sha1::digest(b)))),
    Function::new("sha256", STR, Kind::String, |call| of_text(call, |b| hex(&sha2::Sha256::digest(b)))),
    Function::new("sha512", STR, Kind::String, |call| of_text(call, |b| hex(&sha2::Sha512::digest(b)))),
    // Random: it is made when it is used, so a plan cannot know it.
    Function::new("uuid", &[], Kind::String, uuid),
    Function::new("uuidv5", &[Param::string("namespace"), Param::string("name")], Kind::String, uuid_v5),
];

/// A random UUID.
fn uuid(call: &Call<'_>) -> Result {
    let Some(now) = call.ctx.now else { return Ok(Value::Unknown(stackr_core::Type::String)) };
    Ok(uuid::Builder::from_random_bytes(draw(&now)).into_uuid().to_string().into())
}

/// The next random value: from the seed of the run and how many were drawn before.
fn draw(now: &Now<'_>) -> [u8; 16] {
    let number = now.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let digest = sha2::Sha256::digest([&now.moment.seed[..], number.to_string().as_bytes()].concat());
    digest.first_chunk().copied().unwrap_or_default()
}

fn of_text(call: &Call<'_>, digest: fn(&[u8]) -> String) -> Result {
    Ok(digest(call.text(0)?.as_bytes()).into())
}

fn of_file(call: &Call<'_>, digest: fn(&[u8]) -> String) -> Result {
    Ok(digest(&file::read(call)?).into())
}

fn base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn bcrypt(call: &Call<'_>) -> Result {
    // Each step doubles the time; this one takes about a minute.
    const MOST: i64 = 20;
    let cost = match call.args.len() {
        0 | 1 => 10,
        2 => call.int(1)?,
        _ => return fail("bcrypt() takes no more than two arguments"),
    };
    let cost = match cost {
        ..4 => 10,
        4..=MOST => u32::try_from(cost).unwrap_or(10),
        _ => return fail(format!("cost {cost} is outside allowed range (4,{MOST})")),
    };
    let text = call.text(0)?;
    if text.len() > 72 {
        return fail("password length exceeds 72 bytes");
    }
    // Its salt is random: a plan cannot know it. Where nothing is planned, as in a console, it is made at once.
    let hashed = match (call.ctx.now, call.ctx.plan_time) {
        (Some(now), _) => bcrypt::hash_with_salt(text, cost, draw(&now)),
        (None, Some(_)) => return Ok(Value::Unknown(stackr_core::Type::String)),
        (None, None) => bcrypt::hash_with_result(text, cost),
    };
    let hashed = hashed.map_err(|e| error(e.to_string()))?;
    Ok(hashed.format_for_version(bcrypt::Version::TwoA).into())
}

fn uuid_v5(call: &Call<'_>) -> Result {
    use uuid::Uuid;
    let (namespace, name) = (call.text(0)?, call.text(1)?);
    let space = match namespace {
        "dns" => Uuid::NAMESPACE_DNS,
        "url" => Uuid::NAMESPACE_URL,
        "oid" => Uuid::NAMESPACE_OID,
        "x500" => Uuid::NAMESPACE_X500,
        other => match Uuid::parse_str(other) {
            Ok(space) => space,
            Err(e) => return fail(format!("uuidv5() doesn't support namespace {other} ({e})")),
        },
    };
    Ok(Uuid::new_v5(&space, name.as_bytes()).to_string().into())
}

/// Decrypts a text that EC2 or another service encrypted with the public half of the key (PKCS #1, version
/// 1.5).
fn rsa_decrypt(call: &Call<'_>) -> Result {
    let Ok(cipher) = BASE64.decode(call.text(0)?.replace(['\r', '\n'], "")) else {
        return Err(bad(0, "the given value is not valid base64"));
    };
    let Some((modulus, exponent)) = private_key(call.text(1)?) else {
        return Err(bad(1, "the given key is not an RSA private key in PEM format without a password"));
    };
    let cipher = BigUint::from_bytes_be(&cipher);
    if cipher >= modulus {
        return Err(bad(0, "the given text was not encrypted for this key"));
    }
    let bytes = cipher.modpow(&exponent, &modulus).to_bytes_be();
    // 0x00 0x02 padding 0x00 text; the leading zero is not part of the number.
    let padded = bytes.strip_prefix(&[2]).and_then(|rest| {
        let end = rest.iter().position(|b| *b == 0).filter(|end| *end >= 8)?;
        rest.get(end + 1..)
    });
    match padded.and_then(|text| String::from_utf8(text.to_vec()).ok()) {
        Some(text) => Ok(text.into()),
        None => Err(bad(0, "the given text was not encrypted for this key")),
    }
}

/// Modulus and private exponent of a key in PKCS #1 or PKCS #8 form.
fn private_key(pem: &str) -> Option<(BigUint, BigUint)> {
    // A modulus longer than this is not a key that a service accepts, and takes seconds to compute with.
    const MAX_BITS: u64 = 16_384;
    let (_, rest) = pem.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once("-----END ")?;
    let der = BASE64.decode(body.split_whitespace().collect::<String>()).ok()?;
    let (mut fields, _) = element(&der, SEQUENCE)?;
    if label == "PRIVATE KEY" {
        let (_version, rest) = element(fields, INTEGER)?;
        let (_algorithm, rest) = element(rest, SEQUENCE)?;
        let (inner, _) = element(rest, OCTETS)?;
        fields = element(inner, SEQUENCE)?.0;
    }
    let (_version, rest) = element(fields, INTEGER)?;
    let (modulus, rest) = element(rest, INTEGER)?;
    let (_public, rest) = element(rest, INTEGER)?;
    let (private, _) = element(rest, INTEGER)?;
    let modulus = BigUint::from_bytes_be(modulus);
    let usable = modulus > BigUint::from(1u8) && modulus.bits() <= MAX_BITS && private.len() <= 4096;
    usable.then(|| (modulus, BigUint::from_bytes_be(private)))
}

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// The content of a DER element that must have this tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (short, rest) = rest.split_first()?;
    let (length, rest) = if *short < 0x80 {
        (usize::from(*short), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(short & 0x7f)).filter(|(b, _)| b.len() <= 4)?;
        (bytes.iter().fold(0, |n, b| n << 8 | usize::from(*b)), rest)
    };
    (*found == tag).then(|| rest.split_at_checked(length)).flatten()
}
