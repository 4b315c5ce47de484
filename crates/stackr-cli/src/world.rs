//! What a command works with: the project, the sources of a stack, AWS, and the stores. The one place that reads
//! the environment.

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use stackr::{AwsClouds, Shared, StackName, Store};
use stackr_core::{BoxFuture, Limiter, ProviderConfig, Value};
use stackr_lang::{Backend, CliVar, Inputs, Loader, Rejected, Stack};
use stackr_local::{LocalCloud, Running};
use stackr_state::{
    Local, Owner, StateKey,
    s3::{Encryption, S3},
};

use crate::{
    args::{Given, Global, Vars},
    error::Failure,
    exit::Exit,
    loader::{DiskLoader, shown, working_directory},
    output::Output,
    project::{Project, StackRef, StateEntry},
};

/// The region of the local emulator where nothing says one.
const LOCAL_REGION: &str = "us-east-1";

/// How long one attempt of a call to the bucket of the state may take: less than a lease lasts.
const STATE_ATTEMPT: Duration = Duration::from_secs(20);

/// How long it may take with all its attempts.
const STATE_CALL: Duration = Duration::from_secs(60);

/// Everything that is the same for all stacks of one command.
pub(crate) struct World {
    pub(crate) global: Global,
    pub(crate) project: Project,
    /// The directory that relative paths of the command line start from.
    pub(crate) dir: PathBuf,
    pub(crate) out: Output,
    clouds: OnceLock<Arc<AwsClouds>>,
    local: OnceLock<Running>,
}

impl World {
    pub(crate) fn open(global: Global, out: Output) -> Result<Self, Failure> {
        let dir = global.dir.clone().unwrap_or_else(|| PathBuf::from("."));
        let project = Project::find(&dir, global.env.as_deref())?;
        Ok(Self { global, project, dir, out, clouds: OnceLock::new(), local: OnceLock::new() })
    }

    /// The stacks that the command line names.
    pub(crate) fn stacks(&self, names: &[String]) -> Result<Vec<StackRef>, Failure> {
        self.project.stacks(names, &self.dir)
    }

    /// The stack that the command line names.
    pub(crate) fn stack(&self, name: &str) -> Result<StackRef, Failure> {
        self.project.stack(name, &self.dir)
    }

    /// The value of `terraform.workspace`, and the name that state is kept under.
    pub(crate) fn workspace(&self) -> String {
        self.global.workspace.clone().unwrap_or_else(|| self.project.workspace())
    }

    /// The name that a stack's state is kept under.
    pub(crate) fn name(&self, stack: &StackRef) -> StackName {
        StackName::new(self.workspace(), &stack.name)
    }

    /// Reads and checks the sources of a stack.
    pub(crate) fn load(&self, stack: &StackRef, vars: &Vars, allow_missing: bool) -> Result<Stack, Failure> {
        let root = working_directory()?;
        let inputs = self.inputs(&root, vars, allow_missing)?;
        let dir = shown(&root, &stack.dir);
        let loader: Arc<dyn Loader> = Arc::new(DiskLoader { root });
        stackr_lang::load(&loader, &dir, &inputs).map_err(rejected)
    }

    /// The backend block of a stack: all that another stack needs of its sources.
    pub(crate) fn backend(&self, stack: &StackRef) -> Result<Option<Backend>, Failure> {
        let root = working_directory()?;
        let dir = shown(&root, &stack.dir);
        Ok(stackr_lang::load_backend(&DiskLoader { root }, &dir))
    }

    /// A stack without sources, for expressions that need none. Their files are those of the working directory.
    pub(crate) fn load_nothing(&self) -> Result<Stack, Failure> {
        let root = working_directory()?;
        let inputs = Inputs {
            workspace: self.workspace(),
            plan_time: Some(jiff::Timestamp::now()),
            ..Inputs::default()
        };
        let dir = shown(&root, &self.dir);
        let loader: Arc<dyn Loader> = Arc::new(DiskLoader { root });
        stackr_lang::load_nothing(&loader, &dir, &inputs).map_err(rejected)
    }

    /// What the environment and the command line give to sources. Paths are relative to `root`.
    fn inputs(&self, root: &Path, vars: &Vars, allow_missing: bool) -> Result<Inputs, Failure> {
        let mut cli: Vec<CliVar> =
            self.project.var_files().iter().map(|f| CliVar::File(shown(root, f))).collect();
        for given in &vars.0 {
            cli.push(match given {
                Given::File(file) => CliVar::File(shown(root, &self.dir.join(file))),
                Given::Var(text) => {
                    let Some((name, value)) = text.split_once('=') else {
                        return Err(Failure::usage(format!("--var takes NAME=VALUE, not `{text}`")));
                    };
                    CliVar::Var(name.trim().to_owned(), value.to_owned())
                }
            });
        }
        let env_vars =
            env::vars().filter_map(|(k, v)| Some((k.strip_prefix("TF_VAR_")?.to_owned(), v))).collect();
        Ok(Inputs {
            workspace: self.workspace(),
            env_vars,
            cli,
            plan_time: Some(jiff::Timestamp::now()),
            allow_missing,
        })
    }

    /// Tells what is worth knowing about sources. Values for variables that this stack does not declare are no
    /// surprise in an environment's files, which serve every stack.
    pub(crate) fn tell_warnings(&self, loaded: &Stack) {
        let shared: Vec<_> =
            self.project.var_files().iter().filter_map(|f| fs::canonicalize(f).ok()).collect();
        for warning in &loaded.warnings().0 {
            let file = warning.span.as_ref().and_then(|s| fs::canonicalize(&*s.file).ok());
            let expected =
                warning.summary == "undeclared variable" && file.is_some_and(|f| shared.contains(&f));
            if !expected {
                self.out.diagnostic(warning, loaded.sources());
            }
        }
    }

    /// The emulator, started if it does not run. Only with `--local`.
    fn local(&self) -> Result<&Running, Failure> {
        if let Some(running) = self.local.get() {
            return Ok(running);
        }
        let running =
            local_cloud()?.start(&mut |line| self.out.progress(line)).map_err(|e| local_failure(&e))?;
        Ok(self.local.get_or_init(|| running))
    }

    /// The endpoint that every call goes to, where it is not AWS's own.
    pub(crate) fn endpoint(&self) -> Result<Option<String>, Failure> {
        if self.global.local {
            return Ok(Some(self.local()?.endpoint()));
        }
        Ok(env::var("AWS_ENDPOINT_URL").ok().filter(|u| !u.is_empty()))
    }

    /// Connections to AWS, or to the emulator.
    pub(crate) fn clouds(&self) -> Result<Arc<AwsClouds>, Failure> {
        if let Some(clouds) = self.clouds.get() {
            return Ok(Arc::clone(clouds));
        }
        let endpoint = self.endpoint()?;
        let near = endpoint.as_deref().is_some_and(is_near);
        let limiter: Arc<dyn Limiter> = if near {
            Arc::new(stackr_engine::RateLimiter::unlimited())
        } else {
            Arc::new(stackr_engine::RateLimiter::published())
        };
        let local = self.global.local.then(|| endpoint.unwrap_or_default());
        let clouds = AwsClouds::new(move |shared| load_config(shared, local.clone()), limiter);
        Ok(Arc::clone(self.clouds.get_or_init(|| Arc::new(clouds))))
    }

    /// The key that secrets which state alone holds are encrypted with, if one is given.
    pub(crate) fn state_key(&self) -> Result<Option<StateKey>, Failure> {
        let Some(text) = env::var("STACKR_STATE_KEY").ok().filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let key = StateKey::parse(&text).map_err(|error| {
            Failure::of(Exit::Error, "STACKR_STATE_KEY is no key", &error)
                .hint("make one with `openssl rand -base64 32`, and keep it where you keep secrets")
        })?;
        Ok(Some(key))
    }

    /// Who we are to others at work on the same stack.
    pub(crate) fn owner(&self) -> Owner {
        let user =
            env::var("USER").or_else(|_| env::var("USERNAME")).unwrap_or_else(|_| "unknown".to_owned());
        Owner { user, host: host(), pid: std::process::id() }
    }

    /// Where a stack's state is kept: `--state`, else the stack's `backend` block, else `stackr.toml`, else `state/`.
    pub(crate) async fn store(
        &self,
        stack: &StackRef,
        backend: Option<&Backend>,
        provider: &ProviderConfig,
    ) -> Result<Arc<dyn Store>, Failure> {
        let name = self.name(stack);
        let entry = match (&self.global.state, backend) {
            (Some(place), _) => state_flag(place, &self.project.file.state, &self.dir),
            (None, Some(backend)) => return self.backend_store(stack, backend, provider).await,
            (None, None) => self.project.file.state.clone(),
        };
        match &entry.bucket {
            Some(bucket) => {
                let client = self.s3(provider, entry.region.as_deref()).await?;
                let prefix = entry.prefix.as_deref().unwrap_or_default();
                let store = S3::directory(client, bucket, prefix, &name).map_err(|e| state_failure(&e))?;
                Ok(Arc::new(encrypted(store, entry.kms_key_id.clone())))
            }
            None => {
                let root = self.project.root.join(entry.path.unwrap_or_else(|| PathBuf::from("state")));
                Ok(Arc::new(Local::directory(&root, &name).map_err(|e| state_failure(&e))?))
            }
        }
    }

    async fn backend_store(
        &self,
        stack: &StackRef,
        backend: &Backend,
        provider: &ProviderConfig,
    ) -> Result<Arc<dyn Store>, Failure> {
        let mut settings: std::collections::BTreeMap<String, Value> =
            backend.attributes.iter().map(|(k, (v, _))| (k.clone(), v.clone())).collect();
        for text in &self.global.backend_config {
            let Some((key, value)) = text.split_once('=') else {
                return Err(Failure::usage(format!("--backend-config takes KEY=VALUE, not `{text}`")));
            };
            settings.insert(key.trim().to_owned(), Value::from(value));
        }
        let setting = |name: &str| settings.get(name).and_then(Value::to_text).filter(|t| !t.is_empty());
        let need = |name: &str| {
            setting(name).ok_or_else(|| {
                Failure::new(Exit::Error, format!("the backend block of `{}` has no `{name}`", stack.name))
                    .hint(format!("write it there, or give --backend-config {name}=…"))
            })
        };
        let workspace = self.workspace();
        match backend.kind.as_str() {
            "s3" => {
                let (bucket, key) = (need("bucket")?, need("key")?);
                let prefix = setting("workspace_key_prefix").unwrap_or_else(|| "env:".to_owned());
                let key = if workspace == "default" { key } else { format!("{prefix}/{workspace}/{key}") };
                let client = self.s3(provider, setting("region").as_deref()).await?;
                Ok(Arc::new(encrypted(S3::key(client, bucket, key), setting("kms_key_id"))))
            }
            "local" => {
                let path = setting("path").unwrap_or_else(|| "stackr.state.json".to_owned());
                let path = stack.dir.join(path);
                let path = if workspace == "default" {
                    path
                } else {
                    let dir = setting("workspace_dir").unwrap_or_else(|| "stackr.state.d".to_owned());
                    stack.dir.join(dir).join(&workspace).join(path.file_name().unwrap_or_default())
                };
                Ok(Arc::new(Local::file(&path)))
            }
            other => Err(Failure::new(
                Exit::Error,
                format!("stackr keeps no state in a backend of kind `{other}`"),
            )
            .hint("use `backend \"s3\"` or `backend \"local\"`, or give --state")),
        }
    }

    /// A client for state in S3. The SDK may repeat its requests: a store's writes are conditional.
    pub(crate) async fn s3(
        &self,
        provider: &ProviderConfig,
        region: Option<&str>,
    ) -> Result<aws_sdk_s3::Client, Failure> {
        let mut provider = ProviderConfig { assume_role: Vec::new(), web_identity: None, ..provider.clone() };
        if let Some(region) = region {
            provider.region = Some(region.to_owned());
        }
        let config = self.clouds()?.sdk_config(&provider).await;
        let config = config.map_err(|e| Failure::cloud("the bucket of the state cannot be reached", &e))?;
        let config = aws_sdk_s3::config::Builder::from(&config)
            .retry_config(RetryConfig::standard().with_max_attempts(5))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(5))
                    .operation_attempt_timeout(STATE_ATTEMPT)
                    .operation_timeout(STATE_CALL)
                    .build(),
            )
            .force_path_style(self.endpoint()?.is_some() || provider.s3_use_path_style);
        Ok(aws_sdk_s3::Client::from_conf(config.build()))
    }
}

/// The failure of sources that are wrong.
fn rejected(Rejected { diagnostics, sources }: Rejected) -> Failure {
    Failure::diagnostics(diagnostics, sources)
}

/// The name of this machine.
fn host() -> String {
    let host = fs::read_to_string("/etc/hostname").map(|h| h.trim().to_owned()).ok();
    host.or_else(|| env::var("HOSTNAME").ok()).unwrap_or_else(|| "unknown".to_owned())
}

/// Whether the owner of a lease was a process of this machine that does not run any more.
pub(crate) fn is_dead(owner: &Owner) -> bool {
    let processes = Path::new("/proc");
    if !processes.join("self").exists() || owner.host == "unknown" || owner.host != host() {
        return false;
    }
    match fs::read_to_string(processes.join(owner.pid.to_string()).join("stat")) {
        // The state stands behind the name, which is in brackets; `Z` and `X` have ended and wait to be collected.
        Ok(stat) => stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with(['Z', 'X'])),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

/// Whether an endpoint is on this machine: an emulator, which limits no rates.
pub(crate) fn is_near(endpoint: &str) -> bool {
    endpoint.contains("//127.0.0.1") || endpoint.contains("//localhost")
}

/// Whether an endpoint shows at once what it has, so that nothing is waited for: an emulator on this machine, unless
/// STACKR_PATIENCE says that it is as slow as AWS.
pub(crate) fn is_prompt(endpoint: &str) -> bool {
    is_near(endpoint) && env::var_os("STACKR_PATIENCE").is_none_or(|patience| patience != "aws")
}

fn encrypted(store: S3, kms_key_id: Option<String>) -> S3 {
    store.encrypted(kms_key_id.map_or(Encryption::Aes256, Encryption::Kms))
}

/// What `--state` means: `s3://bucket/prefix` or a directory.
fn state_flag(place: &str, file: &StateEntry, dir: &Path) -> StateEntry {
    match place.strip_prefix("s3://") {
        Some(rest) => {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            StateEntry {
                path: None,
                bucket: Some(bucket.to_owned()),
                prefix: Some(prefix.to_owned()),
                region: file.region.clone(),
                kms_key_id: file.kms_key_id.clone(),
                lease_seconds: None,
            }
        }
        None => StateEntry {
            path: Some(std::path::absolute(dir.join(place)).unwrap_or_else(|_| dir.join(place))),
            ..StateEntry::default()
        },
    }
}

/// Loads the SDK's configuration: from the environment and the profiles, or for the emulator with credentials that
/// mean nothing anywhere else.
fn load_config(shared: Shared, local: Option<String>) -> BoxFuture<'static, SdkConfig> {
    Box::pin(async move {
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12());
        if let Ok(name) = aws_config::AppName::new(concat!("stackr-", env!("CARGO_PKG_VERSION"))) {
            loader = loader.app_name(name);
        }
        if let Some(endpoint) = local {
            let region = env::var("AWS_REGION").or_else(|_| env::var("AWS_DEFAULT_REGION"));
            loader = loader
                .test_credentials()
                .endpoint_url(endpoint)
                .region(Region::new(region.unwrap_or_else(|_| LOCAL_REGION.to_owned())));
        } else {
            if let Some(profile) = shared.profile {
                loader = loader.profile_name(profile);
            }
            if !shared.config_files.is_empty() || !shared.credentials_files.is_empty() {
                loader = loader.profile_files(files(&shared.config_files, &shared.credentials_files));
            }
        }
        loader.load().await
    })
}

/// The files of the shared configuration; those that are not given are the usual ones.
fn files(config: &[String], credentials: &[String]) -> EnvConfigFiles {
    let home = env::var("HOME").unwrap_or_default();
    let path = |file: &String| match file.strip_prefix("~/") {
        Some(rest) => Path::new(&home).join(rest),
        None => PathBuf::from(file),
    };
    let mut files = EnvConfigFiles::builder();
    for (kind, given) in [(EnvConfigFileKind::Config, config), (EnvConfigFileKind::Credentials, credentials)]
    {
        files = match (given.is_empty(), kind) {
            (true, EnvConfigFileKind::Config) => files.include_default_config_file(true),
            (true, _) => files.include_default_credentials_file(true),
            (false, kind) => given.iter().fold(files, |files, file| files.with_file(kind, path(file))),
        };
    }
    files.build()
}

/// The local emulator's installation.
pub(crate) fn local_cloud() -> Result<LocalCloud, Failure> {
    let cache = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))
        .ok_or_else(|| {
            Failure::new(Exit::Error, "there is no cache directory").hint("set HOME or XDG_CACHE_HOME")
        })?;
    let python = env::var_os("STACKR_PYTHON").map(PathBuf::from);
    Ok(LocalCloud::new(stackr_local::Config { cache_dir: cache.join("stackr").join("local"), python }))
}

/// A failure of the emulator.
pub(crate) fn local_failure(error: &stackr_local::Error) -> Failure {
    let failure = Failure::of(Exit::Error, "the local emulator cannot be used", error);
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// A failure of state.
pub(crate) fn state_failure(error: &stackr_state::Error) -> Failure {
    use stackr_state::Error;
    let exit = match error {
        Error::Held { .. } | Error::Raced { .. } => Exit::Held,
        Error::OtherOrigin { .. } | Error::OtherStack { .. } | Error::Terraform { .. } => Exit::Refused,
        _ => Exit::Error,
    };
    let mut failure = Failure::new(exit, error.to_string());
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        failure.causes.push(cause.to_string());
        source = cause.source();
    }
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
