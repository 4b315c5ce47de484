//! `new-resource`: writes the file of a resource type with its tests, and registers it.

use std::fs;

use crate::{Repository, Result};

/// A resource file whose calls are still to be written; it compiles.
const PATTERN: &str = include_str!("resource.rs.txt");

/// Writes the file and its lines in the service's `mod.rs`.
pub(crate) fn scaffold(repository: &Repository, service: &str, name: &str, ty: Option<&str>) -> Result {
    let directory = repository.root.join("crates/stackr-aws/src").join(service);
    let of_service = directory.join("mod.rs");
    let text = fs::read_to_string(&of_service).map_err(|e| {
        format!("there is no service `{service}` ({e}); a new one needs its folder, a feature, and a line in lib.rs")
    })?;
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
        return Err(format!(
            "`{name}` is no file name here: lower-case words with underscores, such as nat_gateway"
        ));
    }
    let file = directory.join(format!("{name}.rs"));
    if file.exists() {
        return Err(format!("{} is there already", file.display()));
    }
    let ty = ty.map_or_else(|| format!("aws_{name}"), str::to_owned);
    let written = pattern(&text, name, &ty)?;
    let registered = register(&text, name)?;
    let failed = |e: std::io::Error| format!("cannot write: {e}");
    fs::write(&file, written).map_err(failed)?;
    fs::write(&of_service, registered).map_err(failed)?;
    println!(
        "wrote {}\nadded {} to {}\n\nLeft to do: every `todo!` in the file, `cargo fmt`, a line in CHANGELOG.md.\n\
         CONTRIBUTING.md has the ten steps.",
        file.display(),
        camel(name),
        of_service.display()
    );
    Ok(())
}

/// The file for one type, in the words of its service.
fn pattern(of_service: &str, name: &str, ty: &str) -> Result<String> {
    let client =
        of_service.lines().find_map(|line| line.strip_prefix("pub type ")?.split_once(" = Service<"));
    let (client, sdk) = client.ok_or("mod.rs has no line `pub type Client = Service<aws_sdk_…::Client>;`")?;
    let sdk = sdk.split("::").next().unwrap_or_default();
    Ok(PATTERN
        .replace("{{Name}}", &camel(name))
        .replace("{{words}}", &name.replace('_', " "))
        .replace("{{type}}", ty)
        .replace("{{Client}}", client)
        .replace("{{client}}", &client.to_lowercase())
        .replace("{{sdk}}", sdk))
}

/// `mod.rs` with the lines of a new file.
fn register(text: &str, name: &str) -> Result<String> {
    let head = "fn register(registry: Registry) -> Registry {";
    let missing = || format!("mod.rs has no `{head}` that begins with `registry`");
    let (before, body) = text.split_once(head).ok_or_else(missing)?;
    let (indent, rest) = body.split_once("registry").ok_or_else(missing)?;
    if !indent.trim().is_empty() {
        return Err(missing());
    }
    let text = format!("{before}{head}{indent}registry.with::<{}>(){rest}", camel(name));
    let text = among(&text, "mod ", &format!("mod {name};"));
    Ok(among(&text, "pub use ", &format!("pub use {name}::*;")))
}

/// Puts a line among those that begin like it, in their order; where there is none, a paragraph above the first item.
fn among(text: &str, beginning: &str, line: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let alike = |l: &&str| l.starts_with(beginning) && l.ends_with(';');
    let last = lines.iter().rposition(alike);
    match last {
        Some(last) => {
            let at = lines.iter().position(|l| alike(l) && *l > line).unwrap_or(last + 1);
            lines.insert(at, line);
        }
        None => {
            let item = |l: &&str| l.starts_with("///") || l.starts_with("use ") && beginning == "mod ";
            let at = lines.iter().position(item).unwrap_or(lines.len());
            lines.splice(at..at, [line, ""]);
        }
    }
    lines.join("\n") + "\n"
}

/// `nat_gateway` as `NatGateway`.
fn camel(name: &str) -> String {
    let word =
        |word: &str| word.get(..1).map(str::to_uppercase).unwrap_or_default() + word.get(1..).unwrap_or("");
    name.split('_').map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "\
//! logs.

use stackr_core::Registry;

/// The client.
pub type Logs = Service<aws_sdk_cloudwatchlogs::Client>;

/// Adds this service's types.
pub(crate) fn register(registry: Registry) -> Registry {
    registry
}
";

    #[test]
    fn the_first_type_of_a_service_is_registered() {
        let text = register(EMPTY, "log_group").expect("it is a mod.rs");
        assert!(text.starts_with(
            "//! logs.\n\nmod log_group;\n\nuse stackr_core::Registry;\n\npub use log_group::*;\n\n///"
        ));
        assert!(text.contains("    registry.with::<LogGroup>()\n}\n"), "{text}");
    }

    #[test]
    fn another_type_goes_where_its_name_sorts() {
        let text = register(EMPTY, "log_group")
            .and_then(|text| register(&text, "log_stream"))
            .expect("it is a mod.rs");
        let text = register(&text, "a_filter").expect("it is a mod.rs");
        assert!(text.contains("mod a_filter;\nmod log_group;\nmod log_stream;\n"), "{text}");
        assert!(
            text.contains("pub use a_filter::*;\npub use log_group::*;\npub use log_stream::*;\n"),
            "{text}"
        );
        assert!(text.contains("registry.with::<AFilter>().with::<LogStream>().with::<LogGroup>()"), "{text}");
    }

    #[test]
    fn the_file_speaks_of_its_own_type_and_service() {
        let text = pattern(EMPTY, "log_group", "aws_cloudwatch_log_group").expect("it is a mod.rs");
        assert!(!text.contains("{{"), "{text}");
        assert!(text.contains("const TYPE: &'static str = \"aws_cloudwatch_log_group\";"));
        assert!(text.contains("use aws_sdk_cloudwatchlogs::types::LogGroup as Described;"));
        assert!(text.contains("async fn create(logs: &Logs, req: Create<'_, LogGroupArgs>)"));
    }
}
