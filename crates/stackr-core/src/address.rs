//! Addresses: the names that the field writes, `module.net["a"].aws_subnet.public[0]`, stable for ever.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Whether a block declares an object that is managed or data that is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// A `resource` block.
    Managed,
    /// A `data` block.
    Data,
}

/// Which instance of a block with `count` or `for_each`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// The position under `count`.
    Index(u64),
    /// The key under `for_each`.
    Name(String),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "[{index}]"),
            Self::Name(name) => write!(f, "[{}]", quote(name)),
        }
    }
}

/// Quotes a key as the language writes it.
fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// One module on the way to a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleStep {
    /// The name of the `module` block.
    pub name: String,
    /// Which of its instances, if it has `count` or `for_each`.
    pub key: Option<Key>,
}

/// The modules from the root to a resource; empty for the root.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModulePath(pub Vec<ModuleStep>);

impl fmt::Display for ModulePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            let dot = if i == 0 { "" } else { "." };
            write!(f, "{dot}module.{}", step.name)?;
            if let Some(key) = &step.key {
                write!(f, "{key}")?;
            }
        }
        Ok(())
    }
}

/// A block within its module: mode, type and name, without instance keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockKey {
    /// Resource or data.
    pub mode: Mode,
    /// The type string: `aws_nat_gateway`.
    pub ty: String,
    /// The block's name.
    pub name: String,
}

impl fmt::Display for BlockKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = if self.mode == Mode::Data { "data." } else { "" };
        write!(f, "{data}{}.{}", self.ty, self.name)
    }
}

/// One object: module instance, block and instance key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The module instance it is in.
    pub module: ModulePath,
    /// Its block.
    pub block: BlockKey,
    /// Which instance of the block.
    pub key: Option<Key>,
}

impl Address {
    /// The address of a managed object in the root module.
    pub fn root(ty: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            module: ModulePath::default(),
            block: BlockKey { mode: Mode::Managed, ty: ty.into(), name: name.into() },
            key: None,
        }
    }

    /// The type string.
    #[must_use]
    pub fn ty(&self) -> &str {
        &self.block.ty
    }

    /// Whether `other` names this object, its whole block, or a module around it: what `--target` selects.
    #[must_use]
    pub fn is_within(&self, other: &str) -> bool {
        let own = self.to_string();
        own.strip_prefix(other).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with('[') || (rest.starts_with('.') && other.contains("module."))
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.module.0.is_empty() {
            write!(f, "{}.", self.module)?;
        }
        write!(f, "{}", self.block)?;
        self.key.as_ref().map_or(Ok(()), |key| write!(f, "{key}"))
    }
}

/// Text that is not an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an address: {reason}")]
pub struct AddressError {
    /// What was given.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let fail = |reason| AddressError { text: text.to_owned(), reason };
        let mut words =
            words(text).ok_or_else(|| fail("a name, `.name` or `[key]` was expected"))?.into_iter();
        let mut module = Vec::new();
        let mut next = words.next();
        while let Some((word, None)) = &next
            && word == "module"
        {
            let (name, key) = words.next().ok_or_else(|| fail("a module's name is missing"))?;
            module.push(ModuleStep { name, key });
            next = words.next();
        }
        let (mode, ty) = match next {
            Some((word, None)) if word == "data" => {
                let ty = words.next().ok_or_else(|| fail("a type is missing after `data`"))?;
                (Mode::Data, ty)
            }
            Some(ty) => (Mode::Managed, ty),
            None => return Err(fail("a type and a name are missing")),
        };
        let (ty, None) = ty else { return Err(fail("a type has no key")) };
        let (name, key) = words.next().ok_or_else(|| fail("a name is missing after the type"))?;
        if words.next().is_some() {
            return Err(fail("it goes on after the object's name"));
        }
        Ok(Self { module: ModulePath(module), block: BlockKey { mode, ty, name }, key })
    }
}

/// Splits `a.b["x"].c[0]` into names with their keys.
fn words(text: &str) -> Option<Vec<(String, Option<Key>)>> {
    let mut words: Vec<(String, Option<Key>)> = Vec::new();
    let mut rest = text;
    loop {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let name = &rest[..end];
        if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') {
            return None;
        }
        rest = &rest[end..];
        let mut key = None;
        if let Some(inside) = rest.strip_prefix('[') {
            let (parsed, after) = parse_key(inside)?;
            key = Some(parsed);
            rest = after;
        }
        words.push((name.to_owned(), key));
        if rest.is_empty() {
            return Some(words);
        }
        rest = rest.strip_prefix('.')?;
    }
}

/// Reads `0]…` or `"a"]…` and gives the key and what follows the bracket.
fn parse_key(text: &str) -> Option<(Key, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (digits, rest) = text.split_once(']')?;
        return Some((Key::Index(digits.parse().ok()?), rest));
    };
    let mut name = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((Key::Name(name), quoted[at + 1..].strip_prefix(']')?)),
            '\\' => name.push(match chars.next()?.1 {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                c => c,
            }),
            c => name.push(c),
        }
    }
    None
}

impl Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_as_it_was_written() {
        for text in [
            "aws_vpc.main",
            "aws_subnet.public[0]",
            "data.aws_region.here",
            "module.net[\"a\"].module.sub.aws_subnet.public[\"x.y]\\\"z\"]",
            "module.net[1].data.aws_vpc.this",
        ] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_not_an_address_is_refused_with_the_reason() {
        for text in ["", "aws_vpc", "aws_vpc.main.id", "aws_vpc..x", "aws_vpc.main[", "module.a", "a.b[x]"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_target_selects_its_instances_and_its_modules_contents() {
        let address: Address = "module.net.aws_subnet.public[0]".parse().unwrap();
        assert!(address.is_within("module.net"));
        assert!(address.is_within("module.net.aws_subnet.public"));
        assert!(!address.is_within("module.net.aws_subnet.pub"));
        assert!(!"aws_subnet.public".parse::<Address>().unwrap().is_within("aws_subnet"));
    }
}
