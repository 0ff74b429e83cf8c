//! A fake Nomad: an HTTP server in the test that replays recorded answers, or misbehaves.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    /// With the query.
    pub target: String,
    pub headers: HashMap<String, String>,
    pub body: String,
}

impl Request {
    /// `METHOD /path`, without the query.
    pub fn key(&self) -> String {
        format!("{} {}", self.method, self.target.split('?').next().unwrap())
    }
}

/// What the server does with a request.
pub enum Reply {
    /// Status, content type, body, index.
    Answer(u16, &'static str, String, u64),
    /// Bytes as they are, then the connection is closed.
    Raw(Vec<u8>),
    /// Nothing, for this long.
    Stall(Duration),
    /// The connection is closed at once.
    Close,
}

impl Reply {
    pub fn json(body: &Value, index: u64) -> Self {
        Self::Answer(200, "application/json", body.to_string(), index)
    }

    pub fn text(status: u16, body: &str) -> Self {
        Self::Answer(status, "text/plain; charset=utf-8", body.to_owned(), 0)
    }
}

/// The server; it ends with the process.
pub struct Fake {
    pub address: String,
    pub requests: Arc<Mutex<Vec<Request>>>,
}

impl Fake {
    /// Answers with `handler`, which gets the request and how many came before it.
    pub fn start(handler: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (seen, handler) = (requests.clone(), Arc::new(handler));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, handler) = (seen.clone(), handler.clone());
                std::thread::spawn(move || while serve(&stream, &seen, &*handler).is_some() {});
            }
        });
        Self { address, requests }
    }

    /// Replays recorded exchanges: the answers to one method and path come in their order, and the
    /// last one stays.
    pub fn replay(records: Vec<Value>) -> Self {
        let mut answers: HashMap<String, Vec<Value>> = HashMap::new();
        for record in records {
            let request = &record["request"];
            let path = request["path"].as_str().unwrap().split('?').next().unwrap();
            let key = format!("{} {path}", request["method"].as_str().unwrap());
            answers.entry(key).or_default().push(record["response"].clone());
        }
        let used: Mutex<HashMap<String, usize>> = Mutex::default();
        Self::start(move |request, _| {
            let key = request.key();
            let Some(list) = answers.get(&key) else {
                return Reply::text(404, "nothing recorded: not found");
            };
            let mut used = used.lock().unwrap();
            let next = used.entry(key).or_default();
            let response = &list[(*next).min(list.len() - 1)];
            *next += 1;
            let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
            let index = response["headers"]["X-Nomad-Index"].as_str().and_then(|text| text.parse().ok());
            match &response["body"] {
                Value::String(text) if status >= 300 => Reply::text(status, text),
                body => Reply::Answer(status, "application/json", body.to_string(), index.unwrap_or(0)),
            }
        })
    }

    /// The requests so far, as `METHOD /path`.
    pub fn keys(&self) -> Vec<String> {
        self.requests.lock().unwrap().iter().map(Request::key).collect()
    }
}

fn serve(
    mut stream: &TcpStream,
    seen: &Mutex<Vec<Request>>,
    handler: &(dyn Fn(&Request, usize) -> Reply + Send + Sync),
) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let request = Request { method, target, headers, body: String::from_utf8_lossy(&body).into_owned() };
    let before = {
        let mut seen = seen.lock().unwrap();
        seen.push(request.clone());
        seen.len() - 1
    };
    match handler(&request, before) {
        Reply::Answer(status, kind, body, index) => {
            let head = format!(
                "HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nX-Nomad-Index: {index}\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).ok()?;
            stream.write_all(body.as_bytes()).ok()
        }
        Reply::Raw(bytes) => {
            let _ = stream.write_all(&bytes);
            let _ = stream.shutdown(std::net::Shutdown::Both);
            None
        }
        Reply::Stall(time) => {
            std::thread::sleep(time);
            None
        }
        Reply::Close => {
            let _ = stream.shutdown(std::net::Shutdown::Both);
            None
        }
    }
}
