//! The stack in Rust is the stack in `.tf`: one plan, and one state.

use std::{collections::BTreeMap, error::Error, path::Path, sync::Arc};

use aws_config::{BehaviorVersion, Region};
use stackr::{
    CliVar, Declaration, Deployment, Diagnostics, Inputs, Interrupt, Loader, Memory, MemoryLoader, Options,
    Plan, RateLimiter, StackName, Store, load,
};
use stackr_examples::{
    base_stack::{Settings, base},
    clouds,
    progress::Timeline,
};
use stackr_local::Emulator;

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// The values of `env/dev.tfvars`.
fn dev() -> Settings {
    Settings {
        region: "us-west-2".to_owned(),
        project: "durable-code".to_owned(),
        environment: "dev".to_owned(),
        range: "10.0.0.0/16".parse().expect("a range"),
        single_nat_gateway: true,
        domain: "dev.durable-code.example".to_owned(),
        services: BTreeMap::from([("backend".to_owned(), 8000), ("frontend".to_owned(), 3000)]),
        image_push_principals: Vec::new(),
        deletion_protection: false,
    }
}

fn in_rust() -> Result<Arc<dyn Declaration>> {
    Ok(Arc::new(base(&dev())?))
}

/// `stacks/base` with `env/dev.tfvars`.
fn in_tf() -> Result<Arc<dyn Declaration>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = MemoryLoader::new();
    for directory in ["stacks/base", "env"] {
        for entry in std::fs::read_dir(root.join(directory))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            files.insert(&format!("{directory}/{name}"), std::fs::read(entry.path())?);
        }
    }
    let files: Arc<dyn Loader> = Arc::new(files);
    let inputs = Inputs {
        workspace: "dev".to_owned(),
        cli: vec![CliVar::File("env/dev.tfvars".to_owned())],
        ..Inputs::default()
    };
    Ok(Arc::new(load(&files, "stacks/base", &inputs).map_err(Diagnostics::from)?))
}

async fn deployment(declared: Arc<dyn Declaration>, store: Arc<dyn Store>, aws: &Emulator) -> Deployment {
    let config = aws_config::defaults(BehaviorVersion::latest())
        .test_credentials()
        .endpoint_url(aws.endpoint())
        .region(Region::new("us-west-2"));
    let clouds = clouds(config.load().await, Arc::new(RateLimiter::unlimited()));
    Deployment::new(StackName::new("dev", "base"), declared, clouds, store)
}

/// What happens to each object and why, and what it will be, line by line.
fn changes(plan: &Plan) -> BTreeMap<String, String> {
    let line = |c: &stackr::Change| {
        (
            c.address.to_string(),
            format!("{:?} {:?}\nbefore: {:#?}\nafter: {:#?}", c.action, c.reasons, c.before, c.after),
        )
    };
    plan.changes.iter().map(line).collect()
}

/// What each step waits for, and how far.
fn order(plan: &Plan) -> BTreeMap<String, Vec<String>> {
    let steps = &plan.program.steps;
    let name = |i: usize| format!("{} {}", steps[i].verb.name(), steps[i].address);
    let mut order: BTreeMap<_, Vec<_>> = (0..steps.len()).map(|i| (name(i), Vec::new())).collect();
    for edge in &plan.program.edges {
        let after = format!("{} {:?}", name(edge.from.0), edge.milestone);
        order.entry(name(edge.to.0)).or_default().push(after);
    }
    order.values_mut().for_each(|after| after.sort());
    order
}

#[tokio::test]
async fn the_stack_in_rust_has_the_plan_of_the_stack_in_tf() -> Result {
    let aws = stackr_testkit::emulator(env!("CARGO_TARGET_TMPDIR"), stackr_local::Options::default());
    let rust = deployment(in_rust()?, Arc::new(Memory::new()), &aws).await.plan(&Options::default()).await?;
    let tf = deployment(in_tf()?, Arc::new(Memory::new()), &aws).await.plan(&Options::default()).await?;

    let (from_rust, from_tf) = (changes(&rust.plan), changes(&tf.plan));
    assert_eq!(from_rust.keys().collect::<Vec<_>>(), from_tf.keys().collect::<Vec<_>>());
    for (address, change) in &from_tf {
        assert_eq!(from_rust[address], *change, "{address}");
    }
    assert_eq!(rust.plan.counts(), tf.plan.counts());
    assert!(tf.plan.counts().create > 30, "the whole stack is planned: {:?}", tf.plan.counts());

    let outputs = |plan: &Plan| -> BTreeMap<_, _> {
        let value = |o: &stackr::OutputChange| o.output.as_ref().map(|o| (o.value.clone(), o.sensitive));
        plan.outputs.iter().map(|o| (o.name.clone(), (o.old.clone(), value(o)))).collect()
    };
    assert_eq!(outputs(&rust.plan), outputs(&tf.plan));

    // The policies of a repository are declared `for_each = aws_ecr_repository.service`, and so wait for all of them; in
    // Rust each is made from its own.
    let mut order_of_tf = order(&tf.plan);
    for (step, after) in &mut order_of_tf {
        let key = &step[step.find('[').unwrap_or(step.len())..];
        after.retain(|a| !a.starts_with("create aws_ecr_repository.service") || a.contains(key));
    }
    assert_eq!(order(&rust.plan), order_of_tf);
    Ok(())
}

#[tokio::test]
async fn what_was_applied_from_rust_needs_nothing_more_from_tf() -> Result {
    let aws = stackr_testkit::emulator(env!("CARGO_TARGET_TMPDIR"), stackr_local::Options::default());
    let before = stackr_testkit::inventory(&aws, "us-west-2");
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let rust = deployment(in_rust()?, Arc::clone(&store), &aws).await;
    let tf = deployment(in_tf()?, store, &aws).await;
    let (options, interrupt) = (Options::default(), Interrupt::new());

    let mut timeline = Timeline::default();
    let applied = rust.apply(&options, &interrupt, |event| timeline.observe(event)).await?;
    assert!(applied.summary.failed.is_empty(), "{:#?}\n{timeline}", applied.summary.failed);
    assert_eq!(timeline.steps().len(), applied.summary.done.len());
    assert!(timeline.steps().iter().all(|step| step.ended.is_some()), "{timeline}");
    assert!(timeline.widest() > 1, "{timeline}");

    for again in [rust.plan(&options).await?, tf.plan(&options).await?] {
        assert!(again.plan.is_empty(), "{:#?}\n{:#?}", changes(&again.plan), again.plan.outputs);
    }

    let removed = tf.destroy(&options, &interrupt, |_| ()).await?;
    assert!(removed.state.is_empty(), "{:#?}", removed.summary.failed);
    assert_eq!(stackr_testkit::inventory(&aws, "us-west-2"), before);
    Ok(())
}
