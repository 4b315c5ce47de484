//! Functions on files and their names. All reading is done by the loader.

use std::collections::BTreeMap;

use base64::Engine as _;
use globset::GlobBuilder;
use stackr_core::Value;

use super::{
    Function, Kind, Param,
    call::{Call, Result, bad, error, fail},
    encoding::BASE64,
};
use crate::loader::{LoadError, Loader, join};

/// The most alternatives, `{a,b}`, in a pattern of file names.
const MAX_ALTERNATIVES: usize = 32;
/// The longest pattern of file names, in bytes.
const MAX_PATTERN: usize = 4_096;

const PATH: &[Param] = &[Param::string("path")];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("abspath", PATH, Kind::String, |call| Ok(call.ctx.loader.absolute(call.text(0)?).into())),
    Function::new("basename", PATH, Kind::String, |call| Ok(base(call.text(0)?).into())),
    Function::new("dirname", PATH, Kind::String, |call| Ok(directory(call.text(0)?).into())),
    Function::new("file", PATH, Kind::String, |call| Ok(text(call)?.into())),
    Function::new("filebase64", PATH, Kind::String, |call| Ok(BASE64.encode(read(call)?).into())),
    Function::new("fileexists", PATH, Kind::Bool, exists),
    Function::new(
        "fileset",
        &[Param::string("path"), Param::string("pattern")],
        Kind::Set(&Kind::String),
        file_set,
    ),
    Function::new(
        "pathexpand",
        PATH,
        Kind::String,
        |call| Ok(expand(call.ctx.loader, call.text(0)?)?.into()),
    ),
    Function::new("templatefile", &[Param::string("path"), Param::any("vars")], Kind::Any, template_file),
];

/// The path with a leading `~` as the user's own directory.
fn expand(loader: &dyn Loader, path: &str) -> Result<String> {
    let Some(rest) = path.strip_prefix('~') else { return Ok(path.to_owned()) };
    if !rest.is_empty() && !rest.starts_with('/') {
        return fail("cannot expand user-specific home dir");
    }
    let home = loader.home().map(|home| join("", &home));
    let home = home.ok_or_else(|| error("there is no home directory to stand for ~"))?;
    Ok(format!("{home}{rest}"))
}

/// Where the file of the first argument is, seen from where the loader is.
fn place(call: &Call<'_>) -> Result<String> {
    Ok(join(call.ctx.dir, &expand(call.ctx.loader, call.text(0)?)?))
}

/// The content of the file that the first argument names.
pub(super) fn read(call: &Call<'_>) -> Result<Vec<u8>> {
    let shown = call.text(0)?;
    call.ctx.loader.read(&place(call)?).map_err(|e| {
        bad(
            0,
            match e {
                LoadError::NotFound { .. } => format!(
                    "no file exists at {shown:?}; this function works only with files that are \
                         distributed as part of the configuration source code, so if this file \
                         will be created by a resource in this configuration you must instead \
                         obtain this result from an attribute of that resource"
                ),
                LoadError::Unreadable { reason, .. } => format!("failed to read file {shown:?}: {reason}"),
            },
        )
    })
}

fn text(call: &Call<'_>) -> Result<String> {
    String::from_utf8(read(call)?).map_err(|_| {
        bad(
            0,
            format!(
                "contents of {:?} are not valid UTF-8; use the filebase64 function to obtain \
                     the Base64 encoded contents or the other file functions (e.g. filemd5, \
                     filesha256) to obtain file hashing results instead",
                call.text(0).unwrap_or_default()
            ),
        )
    })
}

fn exists(call: &Call<'_>) -> Result {
    let place = place(call)?;
    let found = call.ctx.loader.exists(&place);
    if !found && call.ctx.loader.walk(&place).is_ok() {
        return fail(format!("{:?} is a directory, not a file", call.text(0)?));
    }
    Ok(found.into())
}

/// The files whose paths under a directory match a pattern. `**` stands for any directories, `*` for part
/// of a name.
fn file_set(call: &Call<'_>) -> Result {
    let pattern = clean(call.text(1)?);
    let mut dir = place(call)?;
    // Directories that are named plainly are part of the result's paths, but need no search: walking
    // starts below.
    let mut above = String::new();
    let mut rest = pattern.as_str();
    while let Some((name, after)) =
        rest.split_once('/').filter(|(name, _)| !name.contains(['*', '?', '[', '{', '\\']))
    {
        above.push_str(name);
        above.push('/');
        dir = join(&dir, if name.is_empty() { "/" } else { name });
        rest = after;
    }
    // The matcher is made of nested expressions, whose number is limited there without a way to ask.
    if rest.matches('{').count() > MAX_ALTERNATIVES || rest.len() > MAX_PATTERN {
        return fail("the pattern is longer, or has more alternatives, than can be matched");
    }
    // A class is negated by `^` only.
    let unified = rest.replace("[!", "[\\!");
    let glob = GlobBuilder::new(&unified).literal_separator(true).backslash_escape(true).build();
    let matcher = glob
        .map_err(|e| error(format!("failed to glob pattern {pattern:?}: {}", e.kind())))?
        .compile_matcher();
    let here = !rest.contains('/') && !rest.contains("**");
    let listed = if here { call.ctx.loader.list(&dir) } else { call.ctx.loader.walk(&dir) };
    let files = match listed {
        Ok(files) => files,
        Err(LoadError::NotFound { .. }) => Vec::new(),
        Err(e) => return fail(format!("failed to glob pattern {pattern:?}: {e}")),
    };
    let found = files.into_iter().filter(|file| matcher.is_match(file));
    Ok(Value::set(found.map(|file| Value::from(format!("{above}{file}")))))
}

/// The last part of a path.
fn base(path: &str) -> &str {
    if path.is_empty() {
        return ".";
    }
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() { "/" } else { trimmed.rsplit('/').next().unwrap_or(trimmed) }
}

/// Everything before the last part of a path.
fn directory(path: &str) -> String {
    clean(path.rfind('/').and_then(|end| path.get(..=end)).unwrap_or_default())
}

fn clean(path: &str) -> String {
    join("", path)
}

fn template_file(call: &Call<'_>) -> Result {
    let text = text(call)?;
    render(call, &text, call.text(0)?)
}

/// Renders a template with the variables of the second argument.
pub(super) fn render(call: &Call<'_>, text: &str, file: &str) -> Result {
    let Some(vars) = call.arg(1)?.attributes() else {
        return Err(bad(1, "invalid vars value: must be a map"));
    };
    let letter = |c: char| c.is_alphabetic() || c == '_';
    for name in vars.keys() {
        let plain = name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_numeric() || c == '-');
        if !plain {
            let message = format!(
                "invalid template variable name {name:?}: must start with a letter, followed by \
                     zero or more letters, digits, and underscores"
            );
            return Err(bad(1, message));
        }
    }
    let vars: BTreeMap<_, _> = vars.clone();
    (call.ctx.template)(text, file, vars)
}
