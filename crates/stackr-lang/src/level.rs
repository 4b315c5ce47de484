//! The level of the language that stackr speaks, and what stacks ask of it: `required_version`, `required_providers`.

use std::cmp::Ordering;

use stackr_core::{BlockKey, Diagnostics};

use crate::{config::error, tree::Tree};

/// The version of Terraform whose language this is.
pub const LANGUAGE: [u64; 3] = [1, 11, 4];

/// The providers whose types stackr has, or need none: the last part of their sources.
pub(crate) const PROVIDERS: [&str; 5] = ["aws", "random", "null", "time", "terraform"];

/// What the modules of a stack ask for and stackr does not have.
pub(crate) fn check(tree: &Tree, diagnostics: &mut Diagnostics) {
    let [major, minor, patch] = LANGUAGE;
    for module in &tree.modules {
        for (wanted, span) in &module.settings.required_version {
            let detail = match allows(wanted, &LANGUAGE) {
                Ok(true) => continue,
                Ok(false) => format!(
                    "stackr speaks the language of Terraform {major}.{minor}, and `{wanted}` does not allow version \
                     {major}.{minor}.{patch}. Widen it if the stack does not need another version."
                ),
                Err(why) => why,
            };
            diagnostics.push(error(span.clone(), "unsupported version", detail));
        }
    }
    for (index, module) in tree.modules.iter().enumerate() {
        for (name, provider) in &module.settings.required_providers {
            if let Some(version) = &provider.version
                && let Err(why) = allows(version, &LANGUAGE)
            {
                diagnostics.push(error(provider.span.clone(), "wrong version constraint", why));
            }
            if is_known(&provider.source) {
                continue;
            }
            let blocks = tree.blocks.iter().filter(|b| b.module == index);
            let needs = blocks.filter(|b| {
                let named = b.resource.provider.as_ref().map_or_else(|| prefix(&b.resource.key), |p| &p.name);
                named == *name
            });
            let needs: Vec<_> = needs.collect();
            let Some(first) = needs.first() else { continue };
            let names: Vec<_> = needs.iter().map(|b| format!("`{}`", b.resource.key)).collect();
            let detail = format!(
                "{} needs the provider `{}`, and stackr speaks to AWS only. Move it to a stack that another tool \
                 applies, or remove it.",
                names.join(", "),
                provider.source
            );
            diagnostics.push(error(first.resource.block.span(), "unsupported provider", detail));
        }
    }
}

/// The provider that a type belongs to by its name.
fn prefix(key: &BlockKey) -> &str {
    key.ty.split('_').next().unwrap_or_default()
}

/// Whether a source is one of the providers that stackr stands in for.
fn is_known(source: &str) -> bool {
    let mut parts = source.rsplit('/');
    let (name, space) = (parts.next().unwrap_or_default(), parts.next().unwrap_or("hashicorp"));
    PROVIDERS.contains(&name) && matches!(space, "hashicorp" | "builtin" | "opentofu")
}

/// Whether a version meets constraints such as `>= 1.5, < 2.0`.
///
/// The rules are those of <https://developer.hashicorp.com/terraform/language/expressions/version-constraints>.
fn allows(constraints: &str, version: &[u64; 3]) -> Result<bool, String> {
    let mut all = true;
    for one in constraints.split(',') {
        let one = one.trim();
        let at = one.find(|c: char| !"=!<>~".contains(c)).unwrap_or(one.len());
        let (sign, text) = one.split_at(at);
        let wrong = || format!("`{constraints}` is no version constraint. Write `>= 1.5` or `~> 1.11`.");
        let text = text.trim();
        let text = text.strip_prefix('v').unwrap_or(text);
        if text.contains('-') {
            return Err(format!(
                "`{constraints}` names a version before its release, which is not supported."
            ));
        }
        let numbers: Result<Vec<u64>, _> = text.split('.').map(str::parse).collect();
        let numbers = numbers.map_err(|_| wrong())?;
        let part = |i: usize| numbers.get(i).copied().unwrap_or_default();
        let order = (0..numbers.len().max(3))
            .map(|i| version.get(i).copied().unwrap_or_default().cmp(&part(i)))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal);
        all &= match sign {
            "" | "=" => order.is_eq(),
            "!=" => order.is_ne(),
            ">" => order.is_gt(),
            ">=" => order.is_ge(),
            "<" => order.is_lt(),
            "<=" => order.is_le(),
            // The last number that is written may grow.
            "~>" => {
                let fixed = numbers.len().saturating_sub(1);
                order.is_ge() && numbers.iter().take(fixed).zip(version).all(|(wanted, has)| wanted == has)
            }
            _ => return Err(wrong()),
        };
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_are_judged_as_terraform_judges_them() {
        // Each was given to `terraform validate` of version 1.11.4.
        let yes =
            [">= 1.5", "~> 1.11", "= 1.11.4", "1.11.4", ">=1.2,<2.0", "~> 1", "~> 1.11.4", ">= 1", "v1.11.4"];
        let no = ["!= 1.11.4", "~> 1.10.0", "> 1.11.4", "~> 2.0"];
        let wrong = ["foo", "", ">= 1.*", ">= 1.12.0-beta1", ">= 1.11.4-rc1", "=> 1"];
        for (texts, expected) in [(&yes[..], Some(true)), (&no, Some(false)), (&wrong, None)] {
            for text in texts {
                assert_eq!(allows(text, &LANGUAGE).ok(), expected, "{text}");
            }
        }
    }
}
