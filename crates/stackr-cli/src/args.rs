//! The command line. The doc comments are the help.

use std::path::PathBuf;

use clap::{ArgMatches, Args, FromArgMatches, Parser, Subcommand, ValueEnum};

/// Infrastructure as code for AWS: plans and applies stacks, in parallel, without provider processes.
#[derive(Debug, Parser)]
#[command(name = "stackr", version, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

/// Flags of every command.
#[derive(Args, Debug)]
pub(crate) struct Global {
    /// Run as if started in this directory.
    #[arg(short = 'C', long = "chdir", value_name = "DIR", global = true)]
    pub(crate) dir: Option<PathBuf>,
    /// The environment: its variable files, workspace and state.
    #[arg(long, value_name = "ENV", global = true)]
    pub(crate) env: Option<String>,
    /// The value of `terraform.workspace`, and the name state is kept under; that of the environment otherwise.
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) workspace: Option<String>,
    /// Where state is kept: a directory or `s3://bucket/prefix`.
    #[arg(long, value_name = "PLACE", global = true)]
    pub(crate) state: Option<String>,
    /// An attribute of the stack's `backend` block.
    #[arg(long, value_name = "KEY=VALUE", global = true)]
    pub(crate) backend_config: Vec<String>,
    /// Use the local emulator, and start it if it does not run. Real credentials are never used.
    #[arg(long, global = true)]
    pub(crate) local: bool,
    /// Print JSON, one object a line.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print no colours.
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
}

/// Values of a stack's variables, in the order of the command line: the last one counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vars(pub(crate) Vec<Given>);

/// One flag that gives values.
#[derive(Clone, Debug)]
pub(crate) enum Given {
    /// `--var NAME=VALUE`.
    Var(String),
    /// `--var-file FILE`.
    File(PathBuf),
}

/// The flags of [`Vars`] as clap derives them, each in an order of its own.
#[derive(Args)]
struct VarFlags {
    /// The value of a variable.
    #[arg(long = "var", value_name = "NAME=VALUE")]
    vars: Vec<String>,
    /// A file of values.
    #[arg(long = "var-file", value_name = "FILE")]
    var_files: Vec<PathBuf>,
}

impl Args for Vars {
    fn augment_args(command: clap::Command) -> clap::Command {
        VarFlags::augment_args(command)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        VarFlags::augment_args_for_update(command)
    }
}

impl FromArgMatches for Vars {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let places = |id| matches.indices_of(id).into_iter().flatten();
        let flags = VarFlags::from_arg_matches(matches)?;
        let vars = places("vars").zip(flags.vars.into_iter().map(Given::Var));
        let files = places("var_files").zip(flags.var_files.into_iter().map(Given::File));
        let mut given: Vec<(usize, Given)> = vars.chain(files).collect();
        given.sort_by_key(|(place, _)| *place);
        Ok(Self(given.into_iter().map(|(_, given)| given).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// What a plan is about.
#[derive(Args, Clone, Debug)]
pub(crate) struct Scope {
    /// A stack by name, its directory, or `all`.
    #[arg(required = true, value_name = "STACK")]
    pub(crate) stacks: Vec<String>,
    #[command(flatten)]
    pub(crate) vars: Vars,
    /// Only this object, block or module, and what it depends on.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) target: Vec<String>,
    /// Not this object, block or module, nor what depends on it.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) exclude: Vec<String>,
    /// Whether to ask AWS how the recorded objects are.
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
    pub(crate) refresh: bool,
}

/// How an apply or destroy runs.
#[derive(Args, Clone, Debug)]
pub(crate) struct Run {
    /// Do not ask.
    #[arg(short = 'y', long = "auto-approve", visible_alias = "yes")]
    pub(crate) yes: bool,
    /// Remove or replace even what other stacks read.
    #[arg(long)]
    pub(crate) force: bool,
}

/// How far the end of an apply is waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Until {
    /// Until what nothing else waits for exists, though it may still be coming up.
    Created,
    /// Until everything can be used.
    #[default]
    Ready,
    /// Until nothing moves any more: deployments too are over.
    Steady,
}

impl From<Until> for stackr::Until {
    fn from(until: Until) -> Self {
        match until {
            Until::Created => Self::Created,
            Until::Ready => Self::Ready,
            Until::Steady => Self::Steady,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what an apply would do.
    Plan {
        #[command(flatten)]
        scope: Scope,
        /// Plan a destroy.
        #[arg(long)]
        destroy: bool,
        /// Replace this object though nothing differs.
        #[arg(long, value_name = "ADDRESS")]
        replace: Vec<String>,
        /// Exit with 2 if there are changes, with 0 if there are none.
        #[arg(long)]
        detailed_exitcode: bool,
        /// Show the program too: every step, and what it waits for.
        #[arg(long)]
        program: bool,
    },
    /// Make what is declared.
    Apply {
        #[command(flatten)]
        scope: Scope,
        /// Replace this object though nothing differs.
        #[arg(long, value_name = "ADDRESS")]
        replace: Vec<String>,
        /// How far the end is waited for.
        #[arg(long, value_name = "MILESTONE", value_enum, default_value_t)]
        until: Until,
        #[command(flatten)]
        run: Run,
    },
    /// Remove what was made.
    Destroy {
        #[command(flatten)]
        scope: Scope,
        #[command(flatten)]
        run: Run,
    },
    /// Check sources without state or AWS.
    Validate {
        /// A stack by name, its directory, or `all`.
        #[arg(required = true, value_name = "STACK")]
        stacks: Vec<String>,
        #[command(flatten)]
        vars: Vars,
    },
    /// Evaluate expressions: line by line from standard input, or as they are typed at a terminal.
    Console {
        /// The stack whose variables, locals, modules and recorded objects they may use; none otherwise.
        stack: Option<String>,
        #[command(flatten)]
        vars: Vars,
    },
    /// Print the recorded outputs of a stack.
    Output {
        /// The stack.
        stack: String,
        /// One output; all otherwise. A sensitive one is made again from the sources.
        name: Option<String>,
        #[command(flatten)]
        vars: Vars,
    },
    /// Print the recorded objects of a stack.
    Show {
        /// The stack.
        stack: String,
        /// One object, block or module; all otherwise.
        address: Option<String>,
    },
    /// Take over an object that is there already: record it at an address that is declared. Nothing of it is changed.
    Import {
        /// The stack.
        stack: String,
        /// The address that it gets.
        address: String,
        /// What AWS calls it, as Terraform's provider imports it.
        id: String,
        #[command(flatten)]
        vars: Vars,
    },
    /// Take over what a Terraform state manages. The state is only read, and nothing in AWS is changed.
    Migrate {
        /// The stack.
        stack: String,
        /// The state: a file, or `s3://bucket/key`.
        #[arg(long, value_name = "STATE")]
        from: String,
        /// Tell what would be done, and write nothing.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        vars: Vars,
    },
    /// Look at and change what is recorded.
    State {
        #[command(subcommand)]
        command: StateCommand,
    },
    /// Tell what a type takes and gives; without a type, list the types.
    Explain {
        /// The type: `aws_nat_gateway`.
        ty: Option<String>,
        /// The data source of this type.
        #[arg(long)]
        data: bool,
    },
    /// Print the dependencies of a stack's blocks in the dot language.
    Graph {
        /// The stack.
        stack: String,
        #[command(flatten)]
        vars: Vars,
    },
    /// Make the bucket that state is kept in: versioned, encrypted, closed to the public.
    Bootstrap {
        /// The bucket; otherwise that of --state or stackr.toml.
        bucket: Option<String>,
        /// The region; otherwise that of stackr.toml or the environment.
        #[arg(long)]
        region: Option<String>,
    },
    /// Control the local AWS emulator.
    Local {
        #[command(subcommand)]
        command: LocalCommand,
    },
    /// Print the version.
    Version,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StateCommand {
    /// List the recorded addresses.
    List {
        /// The stack.
        stack: String,
        /// Only inside this block or module.
        within: Option<String>,
    },
    /// Print one recorded object.
    Show {
        /// The stack.
        stack: String,
        /// Its address.
        address: String,
    },
    /// Forget an object, block or module; AWS is not touched.
    Rm {
        /// The stack.
        stack: String,
        /// What to forget.
        #[arg(required = true)]
        addresses: Vec<String>,
    },
    /// Give an object, block or module another address.
    Mv {
        /// The stack.
        stack: String,
        /// The old address.
        from: String,
        /// The new address.
        to: String,
    },
    /// Print the whole state as JSON.
    Pull {
        /// The stack.
        stack: String,
    },
    /// Remove the lease of a run that is known to be dead. Leases expire by themselves: this is for the impatient.
    Unlock {
        /// The stack.
        stack: String,
    },
    /// Bring back the last good state from what is readable of a damaged one.
    Repair {
        /// The stack.
        stack: String,
    },
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum LocalCommand {
    /// Install the emulator if need be, and start it.
    Start,
    /// Stop it.
    Stop,
    /// Tell whether it runs, and where.
    Status,
    /// Empty it.
    Reset,
}
