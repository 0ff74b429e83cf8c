//! Hashes, UUIDs and the one cipher.

use num_bigint::BigUint;
use sha2::Digest;
use uuid::Uuid;

use super::{Args, Outcome, abbreviate, encoding, fail};

/// The dearest bcrypt that we compute: each step doubles the time, and this one takes seconds.
const MAX_COST: i64 = 16;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `md5(str)`
pub(super) fn md5(args: Args) -> Outcome {
    Ok(hex(&md5::Md5::digest(args.text(0))).into())
}

/// `sha1(str)`
pub(super) fn sha1(args: Args) -> Outcome {
    Ok(hex(&sha1::Sha1::digest(args.text(0))).into())
}

/// `sha256(str)`
pub(super) fn sha256(args: Args) -> Outcome {
    Ok(hex(&sha2::Sha256::digest(args.text(0))).into())
}

/// `sha512(str)`
pub(super) fn sha512(args: Args) -> Outcome {
    Ok(hex(&sha2::Sha512::digest(args.text(0))).into())
}

/// `bcrypt(str, cost)`
pub(super) fn bcrypt(args: Args) -> Outcome {
    let cost = match args.len() {
        1 => 10,
        2 => args.int(1)?,
        _ => return fail("`bcrypt` takes no more than two arguments"),
    };
    // As in Nomad: too small a cost means the usual one.
    let cost = if cost < 4 { 10 } else { cost };
    if cost > MAX_COST {
        return fail(format!("the cost is at most {MAX_COST}"));
    }
    if args.text(0).len() > 72 {
        return fail("bcrypt hashes at most 72 bytes");
    }
    match bcrypt::hash_with_result(args.text(0), cost as u32) {
        Ok(parts) => Ok(parts.format_for_version(bcrypt::Version::TwoA).into()),
        Err(_) => fail("the hash cannot be computed"),
    }
}

/// `uuidv4()`
pub(super) fn uuidv4(_: Args) -> Outcome {
    Ok(Uuid::new_v4().to_string().into())
}

/// `uuidv5(namespace, name)`
pub(super) fn uuidv5(args: Args) -> Outcome {
    let namespace = match args.text(0) {
        "dns" => Uuid::NAMESPACE_DNS,
        "url" => Uuid::NAMESPACE_URL,
        "oid" => Uuid::NAMESPACE_OID,
        "x500" => Uuid::NAMESPACE_X500,
        other => match Uuid::parse_str(other) {
            Ok(namespace) => namespace,
            Err(_) => {
                return fail(format!(
                    "`{}` is none of `dns`, `url`, `oid`, `x500`, and no UUID",
                    abbreviate(other)
                ));
            }
        },
    };
    Ok(Uuid::new_v5(&namespace, args.text(1).as_bytes()).to_string().into())
}

/// `rsadecrypt(ciphertext, privatekey)`; errors show neither.
pub(super) fn rsadecrypt(args: Args) -> Outcome {
    let Some(cipher) = encoding::decode_base64(args.text(0)) else {
        return fail("the ciphertext is not Base64");
    };
    if args.text(1).contains("4,ENCRYPTED") {
        return fail("keys with a password are not supported");
    }
    let Some((modulus, exponent)) = private_key(args.text(1)) else {
        return fail("this is no RSA private key in PEM (PKCS 1)");
    };
    let cipher = BigUint::from_bytes_be(&cipher);
    let len = modulus.bits().div_ceil(8) as usize;
    if cipher >= modulus || len > 2048 {
        return fail("the ciphertext does not fit the key");
    }
    let plain = cipher.modpow(&exponent, &modulus).to_bytes_be();
    // 00 02, at least eight bytes that are not zero, 00, the message.
    let message = match plain.split_first() {
        Some((2, padded)) if plain.len() + 1 == len => {
            padded.iter().position(|byte| *byte == 0).filter(|at| *at >= 8).map(|at| &padded[at + 1..])
        }
        _ => None,
    };
    match message.map(|message| String::from_utf8(message.to_vec())) {
        Some(Ok(text)) => Ok(text.into()),
        Some(Err(_)) => fail("the decrypted bytes are not text in UTF-8"),
        None => fail("the ciphertext was not made for this key"),
    }
}

/// Modulus and private exponent of a key in PEM.
fn private_key(pem: &str) -> Option<(BigUint, BigUint)> {
    let (_, rest) = pem.split_once("-----BEGIN RSA PRIVATE KEY-----")?;
    let (body, _) = rest.split_once("-----END RSA PRIVATE KEY-----")?;
    let der = encoding::decode_base64(&body.replace([' ', '\t'], ""))?;
    let (_, sequence, _) = der_item(&der).filter(|(tag, ..)| *tag == 0x30)?;
    let (_, _version, rest) = der_item(sequence)?;
    let (_, modulus, rest) = der_item(rest)?;
    let (_, _public, rest) = der_item(rest)?;
    let (_, private, _) = der_item(rest)?;
    let modulus = BigUint::from_bytes_be(modulus);
    (modulus.bits() > 16).then(|| (modulus, BigUint::from_bytes_be(private)))
}

/// Tag and content of the first item of DER, and what follows it.
fn der_item(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (len, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            (digits.iter().fold(0, |len, byte| len << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(len)?;
    Some((*tag, content, rest))
}
