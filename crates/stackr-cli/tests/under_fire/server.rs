//! Servers that are not AWS: one that hangs, one that repeats what it was asked, one that stands before the emulator.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// A request: its head and its body.
pub(crate) struct Asked {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// What becomes of a request.
pub(crate) enum Answer {
    /// This, head and body.
    Whole(Vec<u8>),
    /// Nothing, for ever.
    Never,
    /// The connection is closed.
    Drop,
}

/// A server on a port of its own; it lives as long as the test program.
pub(crate) struct Server {
    pub(crate) endpoint: String,
    asked: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(AtomicUsize::new(0));
        let (answer, count) = (Arc::new(answer), Arc::clone(&asked));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, count) = (Arc::clone(&answer), Arc::clone(&count));
                thread::spawn(move || serve(stream, &*answer, &count));
            }
        });
        Self { endpoint, asked }
    }

    /// One that accepts requests and never answers.
    pub(crate) fn hanging() -> Self {
        Self::start(|_| Answer::Never)
    }

    /// One that refuses everything and repeats what it was asked, in the form of AWS's JSON protocols.
    pub(crate) fn echoing() -> Self {
        Self::start(|asked| {
            let body = String::from_utf8_lossy(&asked.body);
            let message = serde_json::json!({
                "__type": "ClientException",
                "message": format!("this is wrong: {body}"),
            });
            Answer::Whole(whole("400 Bad Request", "application/x-amz-json-1.1", &message.to_string()))
        })
    }

    /// How many requests came so far.
    pub(crate) fn count(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// An answer with its head.
pub(crate) fn whole(status: &str, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
        .into_bytes()
}

/// An answer of S3 that refuses.
pub(crate) fn refusal(status: &str, code: &str) -> Answer {
    refusal_saying(status, code, "so it is")
}

/// An answer of S3 that refuses, and says why.
pub(crate) fn refusal_saying(status: &str, code: &str, why: &str) -> Answer {
    let body = format!("<Error><Code>{code}</Code><Message>{why}</Message></Error>");
    Answer::Whole(whole(status, "application/xml", &body))
}

/// Asks another server the same, and gives its whole answer.
pub(crate) fn forward(to: &str, asked: &Asked) -> Vec<u8> {
    let mut stream = TcpStream::connect(to.trim_start_matches("http://")).expect("the emulator listens");
    let head = asked.head.replacen("connection: keep-alive\r\n", "", 1);
    let head = head.trim_end_matches("\r\n");
    stream.write_all(format!("{head}\r\nconnection: close\r\n\r\n").as_bytes()).expect("it reads");
    stream.write_all(&asked.body).expect("it reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    answer
}

fn serve(mut stream: TcpStream, answer: &dyn Fn(&Asked) -> Answer, count: &AtomicUsize) {
    let Some(asked) = read(&stream) else { return };
    count.fetch_add(1, Ordering::SeqCst);
    match answer(&asked) {
        Answer::Whole(bytes) => drop(stream.write_all(&bytes)),
        Answer::Drop => {}
        // Until the other side gives up.
        Answer::Never => drop(stream.read_to_end(&mut Vec::new())),
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let lower = head.to_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    if lower.contains("expect: 100-continue") {
        let mut stream = stream;
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { head, body })
}
