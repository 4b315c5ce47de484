//! `stackr console`: expressions, and what they give.
//!
//! Facts that shape this file:
//! - from a pipe every line is an expression of its own, as for `terraform console`. That prints the value of the
//!   last line only and stops at the first error; here every value is printed and every error told;
//! - at a terminal an expression may have several lines: it goes on while a bracket or a heredoc is open.

mod lines;

use std::io::{BufRead as _, IsTerminal as _};

use stackr_core::Env;
use stackr_lang::{Answer, Stack, answer, console_sources, is_unfinished};
use stackr_state::State;

use crate::{
    args::Vars,
    commands::inspect::default_provider,
    error::Failure,
    exit::Exit,
    world::{World, state_failure},
};
use lines::{Line, Terminal};

const HELP: &str = "\
An expression gives its value: `cidrsubnet(\"10.0.0.0/16\", 8, 1)`, `[for n in [1, 2] : n * 2]`.
With a stack also its variables, locals, modules, and what is recorded of its objects: `aws_vpc.main.id`.
`type(…)` gives the type of a value. `exit`, Ctrl-C and Ctrl-D leave.
";

pub(crate) async fn console(world: &World, stack: Option<&str>, vars: &Vars) -> Result<Exit, Failure> {
    let (loaded, state) = match stack {
        Some(name) => recorded(world, name, vars).await?,
        None if vars.0.is_empty() => (world.load_nothing()?, None),
        None => {
            return Err(Failure::usage("values were given for the variables of no stack")
                .hint("name the stack: `stackr console STACK --var …`"));
        }
    };
    let registry = stackr::registry();
    let objects = state.map(|s| s.objects).unwrap_or_default();
    let mut values = stackr::last_values(&loaded, &registry, &objects)
        .map_err(|d| Failure::diagnostics(d, loaded.sources().clone()))?;
    if let Some(moment) = stackr::this_moment() {
        values.begin(moment);
    }
    let console = Console { world, stack: &loaded, env: &values };
    if std::io::stdin().is_terminal() && !world.out.json {
        console.converse();
        return Ok(Exit::Done);
    }
    console.lines()
}

/// The sources of a stack, and what is recorded of it, if anything is.
async fn recorded(world: &World, name: &str, vars: &Vars) -> Result<(Stack, Option<State>), Failure> {
    let stack = world.stack(name)?;
    let loaded = world.load(&stack, vars, true)?;
    world.tell_warnings(&loaded);
    let store = world.store(&stack, loaded.backend(), &default_provider(&loaded)?).await?;
    let peek = stackr_state::peek(&*store, &world.name(&stack), jiff::Timestamp::now()).await;
    let peek = peek.map_err(|e| state_failure(&e).about(&stack.name))?;
    Ok((loaded, peek.exists.then_some(peek.state)))
}

struct Console<'a> {
    world: &'a World,
    stack: &'a Stack,
    env: &'a dyn Env,
}

impl Console<'_> {
    /// Every line of standard input, until its end or `exit`.
    fn lines(&self) -> Result<Exit, Failure> {
        let mut exit = Exit::Done;
        for line in std::io::stdin().lock().lines() {
            let line = line.map_err(|e| Failure::of(Exit::Error, "standard input cannot be read", &e))?;
            match line.trim() {
                "" => {}
                "exit" => break,
                "help" => self.world.out.result(HELP),
                text if self.tell(text) => {}
                _ => exit = Exit::Error,
            }
        }
        Ok(exit)
    }

    /// Expressions as they are typed, until somebody leaves.
    fn converse(&self) {
        let mut terminal = Terminal::new();
        let mut text = String::new();
        loop {
            match terminal.line(if text.is_empty() { "> " } else { ": " }) {
                Line::Text(line) => {
                    text.push_str(&line);
                    text.push('\n');
                }
                Line::Abandoned if !text.is_empty() => {
                    text.clear();
                    continue;
                }
                Line::Abandoned | Line::End => return,
            }
            if is_unfinished(&text) {
                continue;
            }
            match std::mem::take(&mut text).trim() {
                "" => {}
                "exit" => return,
                "help" => self.world.out.result(HELP),
                text => drop(self.tell(text)),
            }
        }
    }

    /// Prints what an expression gives, or what is wrong with it. Says whether it gave something.
    fn tell(&self, text: &str) -> bool {
        match answer(self.stack, text, self.env) {
            Ok(answer) if self.world.out.json => self.world.out.json(&json(&answer)),
            Ok(answer) => self.world.out.result(&format!("{answer}\n")),
            Err(wrong) => {
                self.world.out.failure(&Failure::diagnostics(wrong, console_sources(self.stack, text)));
                return false;
            }
        }
        true
    }
}

/// An answer for programs. What is sensitive or not known is `null`.
fn json(answer: &Answer) -> serde_json::Value {
    match answer {
        Answer::Type(ty) => serde_json::json!({ "type": ty }),
        Answer::Value(value) => serde_json::json!({
            "value": if value.has_sensitive() { serde_json::Value::Null } else { value.to_json() },
            "sensitive": value.has_sensitive(),
            "known": value.is_wholly_known(),
        }),
    }
}
