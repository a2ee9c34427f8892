//! The socket in the data folder: commands of other processes, carried out by the server that holds it.
//!
//! One connection is one call. A call is one line of JSON; the answer is lines of JSON until the end. Who can
//! open the socket owns the data folder, so nothing more is asked.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tutor_bots::chat::{
    Acceptance, CommandSpec, Files, Incoming, IncomingId, Pending, Replies, ReplyEvent, Tutor, Unavailable,
};

use crate::app::App;
use crate::cli::{Line, Output, Terminal, Work};
use crate::dialogue::Dialogue;

/// The longest call, in bytes: what is longer than a message may be is refused with a sentence, not cut off.
const CALL_LIMIT: u64 = 32 << 20;

/// A call to the server.
#[derive(Debug, Serialize, Deserialize)]
enum Call {
    Work(Box<Work>, Terminal),
    Accept(Incoming),
    Reply(Incoming),
    Standing(IncomingId, Vec<String>),
    Delivered(IncomingId),
    Pending(String),
}

/// A line of the answer to [`Call::Work`].
#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    Line(Line),
    Exit(u8),
}

/// Where the socket of a data folder stands.
pub(crate) fn socket(data: &Path) -> PathBuf {
    data.join("tutor.sock")
}

/// Commands that are being carried out for other processes, and when they must end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calls {
    under_way: TaskTracker,
    /// No more are begun.
    pub(crate) closing: CancellationToken,
    /// Those under way end with a sentence.
    cut: CancellationToken,
}

impl Calls {
    /// Waits until none is under way. More may have begun by then unless [`Calls::closing`] is cancelled.
    pub(crate) async fn idle(&self) {
        self.under_way.close();
        self.under_way.wait().await;
    }

    /// Has those under way end.
    pub(crate) async fn cut_off(&self) {
        self.cut.cancel();
        self.idle().await;
    }
}

/// The most bytes of the path of a socket, by the system's `sockaddr_un`.
pub(crate) const SOCKET_PATH: usize = 107;

/// Answers calls until `stop`. The caller holds the folder's lock, so a socket that is there is a leftover.
///
/// # Errors
/// When the socket cannot be made.
pub(crate) async fn serve(
    app: Arc<App>,
    dialogue: Arc<Dialogue>,
    commands: Calls,
    stop: CancellationToken,
) -> io::Result<()> {
    let path = socket(&app.settings.data);
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    let calls = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else { continue };
        let (app, dialogue, commands) = (app.clone(), dialogue.clone(), commands.clone());
        calls.spawn(async move {
            if let Err(error) = answer(&app, &dialogue, &commands, stream).await {
                tracing::debug!(%error, "a call on the socket broke off");
            }
        });
    }
    let _ = std::fs::remove_file(&path);
    calls.close();
    calls.wait().await;
    Ok(())
}

async fn answer(app: &Arc<App>, dialogue: &Arc<Dialogue>, commands: &Calls, stream: UnixStream) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    let mut read = BufReader::new(read.take(CALL_LIMIT));
    read.read_line(&mut line).await?;
    match serde_json::from_str(&line)? {
        Call::Work(work, terminal) => {
            let hung_up = async move {
                let mut rest = [0_u8; 64];
                while read.read(&mut rest).await.is_ok_and(|n| n > 0) {}
            };
            if commands.closing.is_cancelled() {
                return refuse(app, &terminal, &mut write).await;
            }
            let _under_way = commands.under_way.token();
            let cut = tokio::select! {
                // The person pressed Ctrl-C: the work is dropped, and with it what it had under way.
                () = hung_up => return Ok(()),
                done = carry_out(app, *work, terminal.clone(), &mut write) => return done,
                () = commands.cut.cancelled() => terminal,
            };
            refuse(app, &cut, &mut write).await
        }
        Call::Accept(incoming) => {
            let accepted = dialogue.accept(&incoming).await.map_err(|refused| refused.reason);
            send(&mut write, &accepted).await
        }
        Call::Reply(incoming) => {
            let mut replies = dialogue.reply(incoming, Arc::new(tutor_bots::console::Disk)).await;
            while let Some(event) = replies.recv().await {
                send(&mut write, &event).await?;
            }
            Ok(())
        }
        Call::Standing(id, messages) => {
            dialogue.standing(&id, &messages).await;
            send(&mut write, &()).await
        }
        Call::Delivered(id) => {
            dialogue.delivered(&id).await;
            send(&mut write, &()).await
        }
        Call::Pending(platform) => send(&mut write, &dialogue.pending(&platform).await).await,
    }
}

/// Says that the tutor is stopping, which is why the command was not carried out, or not to its end.
async fn refuse(app: &App, terminal: &Terminal, write: &mut OwnedWriteHalf) -> io::Result<()> {
    let reason = app.parts.words.say(terminal.language, "trouble-stopping", &[]);
    send(write, &Answer::Line(Line::Error(reason))).await?;
    send(write, &Answer::Exit(1)).await
}

async fn carry_out(app: &Arc<App>, work: Work, terminal: Terminal, write: &mut OwnedWriteHalf) -> io::Result<()> {
    let (lines, mut written) = mpsc::channel(64);
    let output = Output::new(lines, terminal);
    let done = async {
        let code = work.run(app, &output).await;
        drop(output);
        code
    };
    let show = async {
        while let Some(line) = written.recv().await {
            send(write, &Answer::Line(line)).await?;
        }
        io::Result::Ok(())
    };
    let (code, shown) = tokio::join!(done, show);
    shown?;
    send(write, &Answer::Exit(code)).await
}

async fn send(write: &mut OwnedWriteHalf, value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    write.write_all(&line).await
}

/// Whether a server answers behind the socket of a data folder.
pub(crate) async fn answers(data: &Path) -> bool {
    UnixStream::connect(socket(data)).await.is_ok()
}

/// A connection to the server that holds a data folder.
struct Connection {
    lines: tokio::io::Lines<BufReader<tokio::net::unix::OwnedReadHalf>>,
    /// Dropping it tells the server that nobody waits any more.
    _write: OwnedWriteHalf,
}

impl Connection {
    async fn call(data: &Path, call: &Call) -> io::Result<Self> {
        let stream = UnixStream::connect(socket(data)).await?;
        let (read, mut write) = stream.into_split();
        send(&mut write, call).await?;
        Ok(Self { lines: BufReader::new(read).lines(), _write: write })
    }

    async fn next<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        let Some(line) = self.lines.next_line().await? else { return Ok(None) };
        Ok(Some(serde_json::from_str(&line)?))
    }
}

/// Has the server carry out `work`, and gives what it writes to `output`.
///
/// # Errors
/// When there is no server, or when it goes away.
pub(crate) async fn work(data: &Path, work: Work, output: &Output) -> io::Result<u8> {
    let call = Call::Work(Box::new(work), output.terminal().clone());
    let mut connection = Connection::call(data, &call).await?;
    while let Some(answer) = connection.next().await? {
        match answer {
            Answer::Line(line) => output.line(line).await,
            Answer::Exit(code) => return Ok(code),
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

/// The tutor of the server that holds a data folder, as the console sees it.
pub(crate) struct RemoteTutor {
    data: PathBuf,
    commands: Vec<CommandSpec>,
    gone: String,
}

impl RemoteTutor {
    /// The tutor behind the socket in `data`; `gone` is what to say when the server went away.
    pub(crate) fn new(data: PathBuf, commands: Vec<CommandSpec>, gone: String) -> Self {
        Self { data, commands, gone }
    }

    async fn ask<T: DeserializeOwned>(&self, call: Call) -> Option<T> {
        Connection::call(&self.data, &call).await.ok()?.next().await.ok()?
    }
}

#[async_trait]
impl Tutor for RemoteTutor {
    fn commands(&self) -> Vec<CommandSpec> {
        self.commands.clone()
    }

    async fn accept(&self, incoming: &Incoming) -> Result<Acceptance, Unavailable> {
        let answer: Option<Result<Acceptance, String>> = self.ask(Call::Accept(incoming.clone())).await;
        answer.unwrap_or_else(|| Err(self.gone.clone())).map_err(|reason| Unavailable { reason })
    }

    async fn reply(&self, incoming: Incoming, _files: Arc<dyn Files>) -> Replies {
        let (events, replies) = mpsc::channel(64);
        let (data, gone) = (self.data.clone(), self.gone.clone());
        tokio::spawn(async move {
            let Ok(mut connection) = Connection::call(&data, &Call::Reply(incoming)).await else {
                let _ = events.send(ReplyEvent::Rewrite(gone)).await;
                return;
            };
            while let Ok(Some(event)) = connection.next::<ReplyEvent>().await {
                if events.send(event).await.is_err() {
                    return;
                }
            }
        });
        replies
    }

    async fn standing(&self, id: &IncomingId, messages: &[String]) {
        let _: Option<()> = self.ask(Call::Standing(id.clone(), messages.to_vec())).await;
    }

    async fn delivered(&self, id: &IncomingId) {
        let _: Option<()> = self.ask(Call::Delivered(id.clone())).await;
    }

    async fn pending(&self, platform: &str) -> Vec<Pending> {
        self.ask(Call::Pending(platform.to_owned())).await.unwrap_or_default()
    }
}
