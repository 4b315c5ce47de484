//! The emulator that stays: one per cache directory, started and stopped by name of that directory.

use std::{
    fs::{File, OpenOptions},
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

use crate::{
    Config, Error, MOTO_VERSION, Options, Result, endpoint, environment,
    files::{self, Named as _},
    http,
    install::Installation,
    launch::{self, Launched, Until, launch},
    process,
};

/// The local AWS of one cache directory.
///
/// # Guarantees
///
/// - At most one emulator runs per cache directory, however many processes ask for it at once.
/// - A process is only ever ended after its arguments have said that it is the emulator of this directory.
///
/// # Caveats
///
/// What is in the emulator is in its memory: stopping it, or restarting the machine, forgets all of it.
#[derive(Clone, Debug)]
pub struct LocalCloud {
    config: Config,
}

/// An emulator that answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// Its process.
    pub pid: u32,
    /// The port of 127.0.0.1 it answers on.
    pub port: u16,
    /// When it was started, in seconds since 1970.
    pub started: u64,
    /// Its version of moto.
    pub version: String,
}

impl Running {
    /// The URL that it answers on.
    pub fn endpoint(&self) -> String {
        endpoint(self.port)
    }

    /// The variables that direct any AWS program to it.
    pub fn environment(&self) -> [(&'static str, String); 4] {
        environment(self.port)
    }
}

impl LocalCloud {
    /// Names the cache directory; nothing is read or made yet.
    pub fn new(config: Config) -> Self {
        Self { config }
    }

    /// The emulator that runs, if one does.
    ///
    /// # Errors
    ///
    /// [`Error::Unresponsive`] if its process is there but does not answer.
    pub fn status(&self) -> Result<Option<Running>> {
        match self.remembered()? {
            Some(running) if http::answers(running.port) => Ok(Some(running)),
            Some(Running { pid, port, .. }) => Err(Error::Unresponsive { pid, port }),
            None => Ok(None),
        }
    }

    /// Installs the emulator unless it is there, so that a later start needs no network.
    pub fn install(&self, progress: &mut dyn FnMut(&str)) -> Result<()> {
        Installation::ensure(&self.config, &self.cache()?, progress).map(drop)
    }

    /// Starts the emulator unless it runs, and installs it first if it is not there. `progress` is told what is
    /// being done whenever that takes time.
    ///
    /// One that runs is returned as it is, whatever its version; one that does not answer is replaced.
    pub fn start(&self, progress: &mut dyn FnMut(&str)) -> Result<Running> {
        let cache = self.cache()?;
        let _lock = self.lock(progress)?;
        match self.status() {
            Ok(Some(running)) => return Ok(running),
            Ok(None) => {}
            Err(Error::Unresponsive { .. }) => {
                progress("replacing a local AWS that does not answer");
                self.end()?;
            }
            Err(error) => return Err(error),
        }
        let installation = Installation::ensure(&self.config, &cache, progress)?;
        progress(&format!("starting moto {MOTO_VERSION}"));
        let log = self.new_log()?;
        let directory = Installation::directory(&cache);
        let launched = launch(&installation, &directory, Options::default(), Until::Stopped, &log)?;
        self.remember(launched)
    }

    /// Stops the emulator, and returns what was stopped, if anything was.
    pub fn stop(&self) -> Result<Option<Running>> {
        if !self.config.cache_dir.exists() {
            return Ok(None);
        }
        let _lock = self.lock(&mut |_| ())?;
        self.end()
    }

    /// Makes the emulator forget everything.
    pub fn reset(&self) -> Result<()> {
        let running = self.status()?.ok_or(Error::NotRunning)?;
        http::reset(running.port)
    }

    /// What the emulator says while it works, one line per call to it.
    pub fn log(&self) -> PathBuf {
        self.config.cache_dir.join("moto.log")
    }

    fn note(&self) -> PathBuf {
        self.config.cache_dir.join("local.json")
    }

    /// The cache directory, made if it is not there, by the name that every process knows it by.
    fn cache(&self) -> Result<PathBuf> {
        let cache = &self.config.cache_dir;
        files::make_dir(cache)?;
        cache.canonicalize().named("open", cache)
    }

    /// Held while the emulator is started or stopped, so that what the note says stays true meanwhile.
    fn lock(&self, progress: &mut dyn FnMut(&str)) -> Result<File> {
        files::lock(&self.config.cache_dir.join("local.lock"), || {
            progress("waiting for another process that starts or stops the local AWS");
        })
    }

    /// What the note names, if that process is still the emulator it was.
    fn remembered(&self) -> Result<Option<Running>> {
        let Some(bytes) = files::read(&self.note())? else { return Ok(None) };
        // A note of another format is of an emulator that this version cannot know.
        let Ok(running) = serde_json::from_slice::<Running>(&bytes) else { return Ok(None) };
        let ours = self.recognise(&running)?;
        let alive = process::command_line(running.pid).is_some_and(|line| ours(&line));
        Ok(alive.then_some(running))
    }

    /// Tells the arguments of the emulator's process from those of any other, one of a test among them.
    fn recognise(&self, running: &Running) -> Result<impl Fn(&str) -> bool + use<>> {
        let directory = self.cache()?.join(format!("moto-{}", running.version));
        let arguments = launch::arguments(&directory, Until::Stopped);
        Ok(move |line: &str| line.ends_with(&arguments))
    }

    fn end(&self) -> Result<Option<Running>> {
        let Some(running) = self.remembered()? else { return Ok(None) };
        process::end(running.pid, self.recognise(&running)?)?;
        files::remove(&self.note())?;
        Ok(Some(running))
    }

    /// Writes the note of an emulator that has started, and only then lets it live on without us.
    fn remember(&self, launched: Launched) -> Result<Running> {
        let running = Running {
            pid: launched.child.id(),
            port: launched.port,
            started: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
            version: MOTO_VERSION.to_owned(),
        };
        let note = serde_json::to_vec_pretty(&running).expect("numbers and a string have a JSON form");
        files::replace(&self.note(), &note)?;
        launched.stay()?;
        Ok(running)
    }

    fn new_log(&self) -> Result<File> {
        let path = self.log();
        files::remove(&path)?;
        OpenOptions::new().create(true).append(true).read(true).open(&path).named("write", &path)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn cloud(dir: &tempfile::TempDir) -> LocalCloud {
        LocalCloud::new(Config { cache_dir: dir.path().join("cache"), python: None })
    }

    fn note(cloud: &LocalCloud, text: &str) {
        files::make_dir(&cloud.config.cache_dir).expect("a directory");
        fs::write(cloud.note(), text).expect("a note");
    }

    #[test]
    fn nothing_runs_where_nothing_was_started() {
        let dir = tempfile::tempdir().expect("a directory");
        let cloud = cloud(&dir);
        assert_eq!(cloud.status().expect("a status"), None);
        assert_eq!(cloud.stop().expect("nothing to stop"), None);
        assert!(matches!(cloud.reset(), Err(Error::NotRunning)));
        assert!(!cloud.config.cache_dir.exists(), "asking makes nothing");
    }

    #[test]
    fn a_note_of_a_process_that_is_another_now_is_not_believed() {
        let dir = tempfile::tempdir().expect("a directory");
        let cloud = cloud(&dir);
        let us = std::process::id();
        note(&cloud, &format!(r#"{{"pid":{us},"port":1,"started":0,"version":"5.2.5"}}"#));
        assert_eq!(cloud.status().expect("a status"), None);
        assert_eq!(cloud.stop().expect("we are still here"), None);
    }

    #[test]
    fn a_note_that_cannot_be_read_is_nothing() {
        let dir = tempfile::tempdir().expect("a directory");
        let cloud = cloud(&dir);
        note(&cloud, "{\"pid\":");
        assert_eq!(cloud.status().expect("a status"), None);
    }

    #[test]
    fn the_environment_directs_aws_programs_to_the_port() {
        let running = Running { pid: 1, port: 4567, started: 0, version: "5.2.5".to_owned() };
        assert_eq!(running.endpoint(), "http://127.0.0.1:4567");
        assert_eq!(running.environment()[0], ("AWS_ENDPOINT_URL", running.endpoint()));
    }
}
