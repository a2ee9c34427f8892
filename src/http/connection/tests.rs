//! Each limit on a real connection.

use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::routing::get;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

/// Nothing here may take longer.
const BOUND: Duration = Duration::from_secs(20);

/// A server under `limits`, which says hello and never comes to an end at `/endless`.
async fn start(limits: Limits) -> (SocketAddr, CancellationToken, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let endless = || async {
        let block = Bytes::from(vec![b'.'; 1 << 16]);
        Body::from_stream(futures::stream::repeat_with(move || Ok::<_, std::io::Error>(block.clone())))
    };
    let router = Router::new().route("/", get(|| async { "hello" })).route("/endless", get(endless));
    (address, stop.clone(), tokio::spawn(serve(listener, router, limits, stop)))
}

async fn connect(address: SocketAddr, sent: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    stream
}

/// The connection, when the server has begun to answer on it.
async fn answered(mut stream: TcpStream) -> TcpStream {
    let mut first = [0; 15];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    stream
}

/// All that comes until the server closes the connection.
async fn rest(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(BOUND, stream.read_to_end(&mut bytes)).await.expect("the server hangs up");
    // A connection that is reset is closed as well.
    drop(read);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hasty() -> Limits {
    let short = Duration::from_millis(300);
    Limits { head_time: short, write_time: short, ..Limits::default() }
}

#[tokio::test]
async fn who_sends_no_head_or_half_of_one_is_hung_up_on() {
    let (address, ..) = start(hasty()).await;
    for sent in ["", "GET / HT", "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "] {
        let said = rest(connect(address, sent).await).await;
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{sent:?}: {said}");
    }
    // A drop now and then buys no time.
    let mut slow = connect(address, "GET / HTTP/1.1\r\n").await;
    let start = Instant::now();
    while slow.write_all(b"X: y\r\n").await.is_ok() {
        assert!(start.elapsed() < BOUND);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Nor does a connection that is kept after a request.
    let said = rest(connect(address, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await).await;
    assert!(said.ends_with("hello"), "{said}");
}

#[tokio::test]
async fn heads_are_bounded_in_bytes_and_lines() {
    let (address, ..) = start(Limits::default()).await;
    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "y".repeat(64 << 10));
    let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "X: y\r\n".repeat(100));
    for sent in [long, many] {
        let said = rest(connect(address, &sent).await).await;
        assert!(said.starts_with("HTTP/1.1 431"), "{said}");
    }
}

#[tokio::test]
async fn connections_are_bounded_and_wait_for_a_place() {
    let (address, ..) = start(Limits { connections: 2, ..hasty() }).await;
    let held = [connect(address, "").await, connect(address, "").await];
    let said = rest(connect(address, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await).await;
    assert!(said.ends_with("hello"), "served once the two were hung up on: {said}");
    drop(held);
}

#[tokio::test]
async fn a_reader_that_stops_reading_is_hung_up_on() {
    let (address, stop, serving) = start(hasty()).await;
    let reader = answered(connect(address, "GET /endless HTTP/1.1\r\nHost: x\r\n\r\n").await).await;
    // The server can end only when the endless answer has been given up.
    stop.cancel();
    tokio::time::timeout(BOUND, serving).await.expect("the connection is given up").unwrap();
    drop(reader);
}

#[tokio::test]
async fn a_server_that_stops_cuts_off_what_does_not_end() {
    let (address, stop, serving) = start(Limits { last_words: Duration::from_millis(200), ..Limits::default() }).await;
    let stream = answered(connect(address, "GET /endless HTTP/1.1\r\nHost: x\r\n\r\n").await).await;
    let reader = tokio::spawn(rest(stream));
    stop.cancel();
    tokio::time::timeout(BOUND, serving).await.expect("the connection is cut off").unwrap();
    assert!(!reader.await.unwrap().is_empty(), "it was read until then");
}

#[tokio::test]
async fn a_server_that_stops_finishes_what_it_began() {
    let (address, stop, serving) = start(Limits::default()).await;
    let stream = answered(connect(address, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await).await;
    stop.cancel();
    assert!(rest(stream).await.ends_with("hello"));
    tokio::time::timeout(BOUND, serving).await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}
