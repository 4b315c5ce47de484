//! HTTP/1.1 as far as AWS's clients and an emulator speak it: a head, then a body of known length or in chunks.

use std::io::{self, BufRead, Error, ErrorKind, Read, Write};

/// More than any client of AWS sends.
const HEADERS: usize = 96;

/// Names and values, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Headers(Vec<(String, String)>);

impl Headers {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.remove(name);
        self.0.push((name.to_owned(), value.into()));
    }

    fn remove(&mut self, name: &str) {
        self.0.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
    }

    fn parsed(headers: &[httparse::Header<'_>]) -> Self {
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        Self(headers.iter().map(|h| (h.name.to_owned(), text(h.value))).collect())
    }
}

/// What a client asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

/// What it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Reads the next request of a connection; nothing if the client has closed it.
    pub(crate) fn read(
        stream: &mut (impl BufRead + ?Sized),
        reply: &mut impl Write,
    ) -> io::Result<Option<Self>> {
        let Some(head) = head(stream)? else { return Ok(None) };
        let mut fields = [httparse::EMPTY_HEADER; HEADERS];
        let mut parsed = httparse::Request::new(&mut fields);
        parsed.parse(&head).map_err(invalid)?;
        let (method, target) = (parsed.method.unwrap_or_default(), parsed.path.unwrap_or_default());
        let (method, target, headers) =
            (method.to_owned(), target.to_owned(), Headers::parsed(parsed.headers));
        if headers.get("expect").is_some() {
            reply.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let body = match length(&headers)? {
            Length::Chunked => chunks(stream)?,
            Length::Known(length) => exactly(stream, length)?,
            Length::Unknown => Vec::new(),
        };
        Ok(Some(Self { method, target, headers, body }))
    }

    /// Sends it on, as the only one of its connection.
    pub(crate) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let mut headers = self.headers.clone();
        for name in ["connection", "expect", "transfer-encoding"] {
            headers.remove(name);
        }
        headers.set("connection", "close");
        headers.set("content-length", self.body.len().to_string());
        write(to, &format!("{} {} HTTP/1.1", self.method, self.target), &headers, &self.body)
    }

    /// The body as text; what is not text in it is of no interest here.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Response {
    /// An answer of our own.
    pub(crate) fn new(status: u16, content_type: &str, body: String) -> Self {
        let mut headers = Headers::default();
        headers.set("content-type", content_type);
        Self { status, headers, body: body.into_bytes() }
    }

    /// Reads the only answer of a connection.
    pub(crate) fn read(stream: &mut (impl BufRead + ?Sized), method: &str) -> io::Result<Self> {
        let (status, headers) = loop {
            let head = head(stream)?.ok_or(ErrorKind::UnexpectedEof)?;
            let mut fields = [httparse::EMPTY_HEADER; HEADERS];
            let mut parsed = httparse::Response::new(&mut fields);
            parsed.parse(&head).map_err(invalid)?;
            let status = parsed.code.unwrap_or_default();
            // 1xx says that there is more to come.
            if status >= 200 {
                break (status, Headers::parsed(parsed.headers));
            }
        };
        let body = match length(&headers)? {
            _ if method == "HEAD" || bodiless(status) => Vec::new(),
            Length::Chunked => chunks(stream)?,
            Length::Known(length) => exactly(stream, length)?,
            Length::Unknown => {
                let mut body = Vec::new();
                stream.read_to_end(&mut body)?;
                body
            }
        };
        Ok(Self { status, headers, body })
    }

    /// Hands it back; the connection stays open.
    pub(crate) fn write(&self, to: &mut impl Write, method: &str) -> io::Result<()> {
        let mut headers = self.headers.clone();
        for name in ["connection", "transfer-encoding"] {
            headers.remove(name);
        }
        // The answer to HEAD says how long a body would be.
        if method != "HEAD" && !bodiless(self.status) {
            headers.set("content-length", self.body.len().to_string());
        }
        write(to, &format!("HTTP/1.1 {} -", self.status), &headers, &self.body)
    }
}

fn bodiless(status: u16) -> bool {
    matches!(status, 204 | 304)
}

fn write(to: &mut impl Write, first: &str, headers: &Headers, body: &[u8]) -> io::Result<()> {
    let mut bytes = format!("{first}\r\n").into_bytes();
    for (name, value) in &headers.0 {
        bytes.extend(format!("{name}: {value}\r\n").bytes());
    }
    bytes.extend(b"\r\n");
    bytes.extend(body);
    to.write_all(&bytes)?;
    to.flush()
}

enum Length {
    Known(usize),
    Chunked,
    Unknown,
}

fn length(headers: &Headers) -> io::Result<Length> {
    if headers.get("transfer-encoding").is_some_and(|coding| coding.to_ascii_lowercase().contains("chunked"))
    {
        return Ok(Length::Chunked);
    }
    match headers.get("content-length") {
        Some(length) => length.trim().parse().map(Length::Known).map_err(invalid),
        None => Ok(Length::Unknown),
    }
}

/// The bytes up to and with the empty line; nothing at the end of the stream.
fn head(stream: &mut (impl BufRead + ?Sized)) -> io::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    loop {
        let before = head.len();
        if stream.read_until(b'\n', &mut head)? == 0 {
            return if head.is_empty() { Ok(None) } else { Err(ErrorKind::UnexpectedEof.into()) };
        }
        if matches!(&head[before..], b"\r\n" | b"\n") && before > 0 {
            return Ok(Some(head));
        }
    }
}

fn exactly(stream: &mut (impl Read + ?Sized), length: usize) -> io::Result<Vec<u8>> {
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(body)
}

fn chunks(stream: &mut (impl BufRead + ?Sized)) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = Vec::new();
        stream.read_until(b'\n', &mut line)?;
        let Ok(httparse::Status::Complete((_, size))) = httparse::parse_chunk_size(&line) else {
            return Err(invalid("not the size of a chunk"));
        };
        body.extend(exactly(stream, size.try_into().map_err(invalid)?)?);
        let mut end = Vec::new();
        // Behind the last one come trailers, and then an empty line.
        while stream.read_until(b'\n', &mut end)? > 2 && size == 0 {
            end.clear();
        }
        if size == 0 {
            return Ok(body);
        }
    }
}

fn invalid(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> Request {
        Request::read(&mut text.as_bytes(), &mut Vec::new()).expect("it is HTTP").expect("it is there")
    }

    #[test]
    fn a_request_is_sent_on_as_it_came_but_alone() {
        let text =
            "POST /a?b HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabcNEXT";
        let mut sent = Vec::new();
        request(text).write(&mut sent).expect("a vector takes it");
        let expect = "POST /a?b HTTP/1.1\r\nHost: x\r\nconnection: close\r\ncontent-length: 3\r\n\r\nabc";
        assert_eq!(String::from_utf8_lossy(&sent), expect);
    }

    #[test]
    fn chunks_are_put_together() {
        let text = "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n2\r\nef\r\n0\r\nx-sum: 1\r\n\r\n";
        assert_eq!(request(text).text(), "abcdef");
    }

    #[test]
    fn who_asks_before_sending_is_told_to_go_on() {
        let mut reply = Vec::new();
        let text = "PUT /k HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx";
        let read = Request::read(&mut text.as_bytes(), &mut reply).expect("it is HTTP");
        assert!(read.is_some_and(|request| request.body == b"x"));
        assert_eq!(reply, b"HTTP/1.1 100 Continue\r\n\r\n");
    }

    #[test]
    fn the_end_of_a_connection_is_not_half_a_request() {
        let read = |text: &str| Request::read(&mut text.as_bytes(), &mut Vec::new());
        assert!(read("").expect("an end").is_none());
        assert!(read("POST / HTTP/1.1\r\nHost").is_err());
        assert!(read("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab").is_err());
        assert!(read("POST / HTTP/1.1\r\nContent-Length: many\r\n\r\nab").is_err());
    }

    #[test]
    fn answers_end_where_their_kind_says() {
        let check = |text: &str, method: &str, body: &str| {
            let read = Response::read(&mut text.as_bytes(), method).expect("an answer");
            assert_eq!(String::from_utf8_lossy(&read.body), body);
        };
        check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc", "GET", "ab");
        check("HTTP/1.0 200 OK\r\n\r\nto the end", "GET", "to the end");
        check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "HEAD", "");
        check("HTTP/1.1 204 No Content\r\n\r\n", "DELETE", "");
        check("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", "PUT", "a");
    }
}
