//! How an input is changed: by tokens where it is text, by values where it is JSON, by bytes now and then.

use crate::{json, random::Random, targets::Target};

/// The input of one execution.
#[must_use]
pub fn input(target: &Target, seed: u64, execution: u64) -> Vec<u8> {
    let mut random = Random::new(seed, target.name, execution);
    let mut bytes = seedling(target, &mut random);
    let times = if random.one_in(2) { 1 } else { 1 + random.below(4) };
    for _ in 0..times {
        bytes = match (target.is_json && !random.one_in(4), random.below(12)) {
            (true, _) => {
                json::mutate(&bytes, &mut random).unwrap_or_else(|| tokens(target, &bytes, &mut random))
            }
            (false, 0) => flipped(bytes, &mut random),
            (false, 1) => cut(bytes, &mut random),
            (false, _) => tokens(target, &bytes, &mut random),
        };
    }
    bytes.truncate(target.longest);
    bytes
}

/// A member of the corpus; of a long one, often a piece that can stand alone.
fn seedling(target: &Target, random: &mut Random) -> Vec<u8> {
    let one = &target.corpus[random.below(target.corpus.len())];
    if target.is_json || one.len() < 600 || random.one_in(8) {
        return one.clone();
    }
    // Blocks are separated by empty lines.
    let text = String::from_utf8_lossy(one);
    let blocks: Vec<&str> = text.split("\n\n").collect();
    let first = random.below(blocks.len());
    let last = (first + 1 + random.below(3)).min(blocks.len());
    blocks[first..last].join("\n\n").into_bytes()
}

fn flipped(mut bytes: Vec<u8>, random: &mut Random) -> Vec<u8> {
    for _ in 0..=random.below(3) {
        if !bytes.is_empty() {
            let at = random.below(bytes.len());
            bytes[at] ^= 1 << random.below(8);
        }
    }
    bytes
}

fn cut(mut bytes: Vec<u8>, random: &mut Random) -> Vec<u8> {
    bytes.truncate(random.below(bytes.len() + 1));
    bytes
}

/// Splits text into words, runs of blanks, and single other characters.
fn split(text: &str) -> Vec<&str> {
    let kind = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => 1,
        c if c.is_whitespace() => 2,
        _ => 0,
    };
    let (mut all, mut from, mut last) = (Vec::new(), 0, 3);
    for (at, c) in text.char_indices() {
        if at > from && (kind(c) == 0 || kind(c) != last) {
            all.push(&text[from..at]);
            from = at;
        }
        last = kind(c);
    }
    all.push(&text[from..]);
    all
}

/// One change of a text by its tokens.
fn tokens(target: &Target, bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let mut all = split(&text);
    let other = &target.corpus[random.below(target.corpus.len())];
    let other = String::from_utf8_lossy(other);
    let repeated;
    match random.below(12) {
        0 => {
            let (from, to) = short(random, all.len());
            all.drain(from..to);
        }
        1 => {
            let (from, to) = short(random, all.len());
            let piece = all[from..to].to_vec();
            let times = 1 + random.mostly(4, 400);
            let at = random.below(all.len() + 1);
            all.splice(at..at, piece.iter().copied().cycle().take(piece.len() * times));
        }
        2 | 3 => {
            let at = random.below(all.len());
            all[at] = random.pick(target.words);
        }
        4 | 5 => {
            let at = random.below(all.len() + 1);
            all.insert(at, random.pick(target.words));
        }
        6 => {
            let (a, b) = (random.below(all.len()), random.below(all.len()));
            all.swap(a, b);
        }
        7 | 8 => {
            let others = split(&other);
            let (from, to) = short(random, others.len());
            let (a, b) = short(random, all.len());
            let piece: Vec<&str> = others[from..to].to_vec();
            let joined: Vec<&str> =
                all[..a].iter().copied().chain(piece).chain(all[b..].iter().copied()).collect();
            return joined.concat().into_bytes();
        }
        9 => {
            let at = random.below(all.len());
            all[at] = random.pick(EXTREMES);
        }
        10 => {
            let (open, close) = BRACKETS[random.below(BRACKETS.len())];
            let depth = 1 + random.mostly(12, 3000);
            let (from, to) = short(random, all.len());
            repeated = (open.repeat(depth), close.repeat(if random.one_in(4) { depth - 1 } else { depth }));
            all.insert(to, &repeated.1);
            all.insert(from, &repeated.0);
        }
        _ => {
            let (from, to) = short(random, all.len());
            all[from..to].reverse();
        }
    }
    all.concat().into_bytes()
}

/// A range that is mostly short.
fn short(random: &mut Random, length: usize) -> (usize, usize) {
    if random.one_in(5) {
        return random.range(length);
    }
    let from = random.below(length + 1);
    (from, (from + 1 + random.below(8)).min(length).max(from))
}

/// What is put around things to nest them.
const BRACKETS: &[(&str, &str)] = &[
    ("(", ")"),
    ("[", "]"),
    ("{", "}"),
    ("{a=", "}"),
    ("\"${", "}\""),
    ("\"%{ if true }", "%{ endif }\""),
    ("!", ""),
    ("-", ""),
    ("-(", ")"),
    ("true ? ", " : 0"),
    ("[for x in ", ": x]"),
    ("{for k, v in ", ": k => v}"),
    ("jsonencode(", ")"),
    ("tolist([", "])"),
    ("a {\n", "\n}\n"),
    ("dynamic \"a\" {\n for_each = [1]\n content {\n", "\n}\n}\n"),
    ("module.a[\"b\"].", ""),
    ("1 + ", ""),
    ("", ".a"),
    ("", "[0]"),
    ("", "[*]"),
    ("{\"a\":", "}"),
];

/// Numbers and texts at the limits.
pub const EXTREMES: &[&str] = &[
    "0",
    "-1",
    "1e999999999",
    "1e-999999999",
    "1e400",
    "99999999999999999999999999999999999999999999",
    "0.1",
    "18446744073709551615",
    "18446744073709551616",
    "9223372036854775807",
    "-9223372036854775808",
    "4294967296",
    "2147483648",
    "1e3",
    "-0",
    "00",
    "0x10",
    "1.",
    "NaN",
    "\u{0}",
    "\u{feff}",
    "\u{202e}",
    "é",
    "\u{1f600}",
    "e\u{301}",
    "\r\n",
    "\r",
    "\t",
    "\u{2028}",
    "\\",
    "\"",
    "'",
    "`",
    "<<EOT\n",
    "<<-EOT\n",
    "EOT\n",
    "$${",
    "%%{",
    "${~",
    "~}",
    "%{ for x in ",
    "%{ endfor }",
    "/*",
    "*/",
    "//",
    "#",
    "...",
    "=>",
    "==",
    "&&",
    "||",
    "?",
    ":",
    "*",
    "[*]",
    ".*",
    "::",
    "\u{7f}",
    "null",
    "true",
];
