//! Asking over HTTP, and reading what comes back.

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Served, within};

/// A response, read to its end.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// A header's text; empty if it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The problem details of a refusal, which must be of this kind.
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let problem = self.json();
        assert_eq!((&problem["status"], &problem["code"]), (&Value::from(status), &Value::from(code)), "{problem}");
        for text in ["title", "detail"] {
            assert!(problem[text].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
        }
        problem
    }
}

/// Sends a request and reads the whole response.
pub(crate) async fn ask(request: RequestBuilder) -> Answer {
    let answer = async {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, body: response.text().await.unwrap() }
    };
    within("an answer", answer).await
}

/// A request without a body.
pub(crate) async fn get(served: &Served, path: &str) -> Answer {
    ask(Client::new().get(served.url(path))).await
}

/// A request of any method.
pub(crate) async fn call(served: &Served, method: &str, path: &str) -> Answer {
    ask(Client::new().request(Method::from_bytes(method.as_bytes()).unwrap(), served.url(path))).await
}

/// A change, as text.
pub(crate) async fn post(served: &Served, path: &str, body: impl Into<String>) -> Answer {
    ask(change(served, path, body)).await
}

/// A change, as text, still to be sent.
pub(crate) fn change(served: &Served, path: &str, body: impl Into<String>) -> RequestBuilder {
    Client::new().post(served.url(path)).header("content-type", "application/json").body(body.into())
}

/// A connection on which every byte is the test's own.
pub(crate) struct Wire(pub(crate) TcpStream);

impl Wire {
    pub(crate) async fn open(served: &Served) -> Self {
        Self(within("a connection", TcpStream::connect(served.address)).await.unwrap())
    }

    pub(crate) async fn write(&mut self, text: &str) {
        within("room to write", self.0.write_all(text.as_bytes())).await.unwrap();
    }

    /// Reads until this text has come, and answers all that has come so far.
    pub(crate) async fn read_until(&mut self, end: &str) -> String {
        let mut read = Vec::new();
        while !String::from_utf8_lossy(&read).ends_with(end) {
            let byte = within(end, self.0.read_u8()).await;
            read.push(byte.unwrap_or_else(|error| panic!("{error} after {:?}", String::from_utf8_lossy(&read))));
        }
        String::from_utf8(read).unwrap()
    }

    /// Reads until the other side has closed.
    pub(crate) async fn read_to_end(&mut self) -> String {
        let mut read = Vec::new();
        within("the end of the connection", self.0.read_to_end(&mut read)).await.unwrap();
        String::from_utf8(read).unwrap()
    }
}
