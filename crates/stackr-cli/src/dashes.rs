//! Flags as Terraform writes them: with one dash, which is a row of short flags here.

use clap::{
    Command, CommandFactory as _,
    builder::StyledStr,
    error::{ContextKind, ContextValue, ErrorKind},
};

use crate::args::Cli;

/// Flags of Terraform that have no counterpart, and why they are not needed.
const NOT_NEEDED: [(&str, &str); 9] = [
    ("input", "stackr asks at a terminal only; leave it out"),
    ("lock", "what writes state always holds the lease; leave it out"),
    ("lock-timeout", "a lease expires by itself; run the command again"),
    ("parallelism", "what runs at once is limited by AWS's request rates; leave it out"),
    ("compact-warnings", "leave it out"),
    ("backup", "every snapshot before the last is kept beside the state; leave it out"),
    ("reconfigure", "there is nothing to initialise; leave it out"),
    ("upgrade", "there are no providers to install; leave it out"),
    ("raw", "`stackr output STACK NAME` prints the value without quotes; leave it out"),
];

/// Adds to the error of a flag with one dash how it is written here.
pub(crate) fn explain(error: &mut clap::Error, args: impl Iterator<Item = String>) {
    if error.kind() != ErrorKind::UnknownArgument {
        return;
    }
    let Some(ContextValue::String(found)) = error.get(ContextKind::InvalidArg).cloned() else { return };
    // Of `-auto-approve` the error names `-a`; of `--raw` the whole.
    let meant = |arg: &String| {
        let one_dash = arg.len() > 2 && arg.starts_with('-') && !arg.starts_with("--");
        (one_dash && arg.contains(found.trim_start_matches('-'))) || arg.split('=').next() == Some(&found)
    };
    let Some(given) = args.skip(1).take_while(|arg| arg != "--").find(meant) else { return };
    let flag = given.trim_start_matches('-');
    let name = flag.split('=').next().unwrap_or(flag);
    let shown = given.split('=').next().unwrap_or(&given).to_owned();
    let tip = if is_flag(&Cli::command(), name) {
        format!("flags have two dashes: '--{flag}'")
    } else if let Some((_, why)) = NOT_NEEDED.iter().find(|(n, _)| *n == name) {
        format!("stackr has no '--{name}': {why}")
    } else {
        return;
    };
    error.insert(ContextKind::InvalidArg, ContextValue::String(shown));
    error.remove(ContextKind::SuggestedArg);
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(tip)]));
}

/// Whether the command or one below it has a long flag of this name.
fn is_flag(command: &Command, name: &str) -> bool {
    let own = command.get_arguments().flat_map(|arg| arg.get_long_and_visible_aliases().unwrap_or_default());
    matches!(name, "help" | "version")
        || own.into_iter().any(|long| long == name)
        || command.get_subcommands().any(|below| is_flag(below, name))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn told(line: &str) -> String {
        let args: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let mut error = Cli::try_parse_from(&args).expect_err("it is refused");
        explain(&mut error, args.into_iter());
        let text = error.render().to_string();
        text.lines().take_while(|l| !l.starts_with("Usage")).map(str::trim).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_flag_with_one_dash_is_told_with_two() {
        for (line, flag) in [
            ("stackr apply -auto-approve net", "--auto-approve"),
            ("stackr apply net -var a=b", "--var"),
            ("stackr plan net -var-file=x.tfvars", "--var-file=x.tfvars"),
            ("stackr plan net -target=aws_vpc.a", "--target=aws_vpc.a"),
            ("stackr plan -no-color net", "--no-color"),
            ("stackr -chdir=x plan net", "--chdir=x"),
            ("stackr plan net -destroy", "--destroy"),
            ("stackr output net -json", "--json"),
            ("stackr -version", "--version"),
        ] {
            let told = told(line);
            assert!(told.contains(&format!("flags have two dashes: '{flag}'")), "{line}\n{told}");
        }
    }

    #[test]
    fn a_flag_that_is_not_needed_is_told_why() {
        for line in
            ["stackr apply net -input=false", "stackr plan net --parallelism=3", "stackr output net x -raw"]
        {
            let told = told(line);
            assert!(told.contains("leave it out"), "{line}\n{told}");
        }
    }

    #[test]
    fn other_mistakes_are_told_as_before() {
        let told = told("stackr plan net --targat=x");
        assert!(told.contains("'--targat'") && told.contains("'--target'"), "{told}");
    }
}
