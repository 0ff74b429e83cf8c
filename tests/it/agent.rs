//! A real Nomad agent for the tests that have one: `NOMAD_BIN`, else `nomad` in the `PATH`.
//!
//! It runs under a small shell that ends it as soon as its standard input is closed, which
//! happens however the test ends. So no agent outlives its test, not even after a kill.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Starts and kills the agent as it is told, ends it with the test, and leaves nothing behind: no task, no
/// executor, no mount, no folder. Whatever belongs to the agent has its folder in its arguments or environment.
const KEEPER: &str = r#"
folder=$1; shift
start() { "$@" >>"$folder/log" 2>&1 </dev/null & agent=$!; }
strays() {
  for process in /proc/[0-9]*; do
    pid=${process#/proc/}
    [ "$pid" = $$ ] && continue
    grep -qsaF "$folder/" "$process/cmdline" "$process/environ" 2>/dev/null && echo "$pid"
  done
}
start "$@"
while read -r word; do
  case $word in
    kill) kill -KILL $agent; wait $agent; echo killed ;;
    start) start "$@"; echo started ;;
  esac
done 2>/dev/null
kill -TERM $agent 2>/dev/null
tries=0
while kill -0 $agent 2>/dev/null && [ $tries -lt 200 ]; do sleep 0.1; tries=$((tries + 1)); done
kill -KILL $agent 2>/dev/null
for again in 1 2 3; do
  left=$(strays)
  [ -z "$left" ] && break
  kill -KILL $left 2>/dev/null
  sleep 0.1
done
for mount in $(cut -d' ' -f2 /proc/mounts 2>/dev/null | grep -F "$folder/" | sort -r); do umount -l "$mount" 2>/dev/null; done
rm -rf --one-file-system "$folder" 2>/dev/null || rm -rf "$folder"
"#;

/// A running agent, server and client in one.
pub struct Agent {
    keeper: Child,
    answers: BufReader<ChildStdout>,
    /// The address of its HTTP API.
    pub address: String,
    /// Its own folder: its configuration, what it prints, its allocations.
    pub folder: PathBuf,
}

/// What an agent is to be.
#[derive(Default)]
pub struct Settings<'s> {
    /// Whether it keeps its state on disk, so that it can be killed and started again.
    pub lasting: bool,
    /// More of its configuration.
    pub more: &'s str,
    /// Whether it speaks TLS, so that no plain request can tell when it is ready.
    pub secure: bool,
}

/// The binary, or `None` after saying that the test is skipped.
pub fn binary() -> Option<PathBuf> {
    let named = std::env::var_os("NOMAD_BIN").map(PathBuf::from).filter(|path| path.is_file());
    let found = named.or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|folder| folder.join("nomad")).find(|path| path.is_file())
    });
    if found.is_none() {
        crate::corpus::skipped(format_args!("no Nomad (set NOMAD_BIN, or put `nomad` into the PATH)"));
    }
    found
}

/// One agent for all tests of this process that do not stop it.
pub fn shared() -> Option<&'static Agent> {
    static SHARED: OnceLock<Option<Agent>> = OnceLock::new();
    SHARED.get_or_init(Agent::start).as_ref()
}

impl Agent {
    /// Starts an agent on free ports, with its state in memory, and waits until a node is ready.
    pub fn start() -> Option<Self> {
        Self::with(&Settings::default())
    }

    /// Starts an agent on free ports and waits until it answers.
    pub fn with(settings: &Settings<'_>) -> Option<Self> {
        let binary = binary()?;
        let folder = tempfile::Builder::new().prefix("platy-agent").tempdir().unwrap().keep();
        let free = || TcpListener::bind("127.0.0.1:0").unwrap();
        let listeners = [free(), free(), free()];
        let [http, rpc, serf] = listeners.each_ref().map(|listener| listener.local_addr().unwrap().port());
        let shown = folder.display();
        let state = if settings.lasting {
            format!("data_dir = \"{shown}/data\"\nserver {{\n  enabled = true\n  bootstrap_expect = 1\n}}\n")
        } else {
            String::new()
        };
        let config = format!(
            r#"
            bind_addr = "127.0.0.1"
            disable_update_check = true
            advertise {{
              http = "127.0.0.1"
              rpc  = "127.0.0.1"
              serf = "127.0.0.1"
            }}
            {state}
            ports {{
              http = {http}
              rpc  = {rpc}
              serf = {serf}
            }}
            client {{
              enabled = true
              state_dir = "{shown}/client"
              alloc_dir = "{shown}/alloc"
              alloc_mounts_dir = "{shown}/mounts"
              options = {{ "fingerprint.denylist" = "env_aws,env_gce,env_azure,env_digitalocean" }}
            }}
            plugin "raw_exec" {{
              config {{ enabled = true }}
            }}
            {}
            "#,
            settings.more
        );
        std::fs::write(folder.join("agent.hcl"), config).unwrap();
        drop(listeners);
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "keeper"]).arg(&folder).arg(&binary).arg("agent");
        if !settings.lasting {
            command.arg("-dev");
        }
        command.arg("-config").arg(folder.join("agent.hcl"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("NOMAD_") {
                command.env_remove(name);
            }
        }
        let mut keeper = command.spawn().unwrap();
        let answers = BufReader::new(keeper.stdout.take().unwrap());
        let scheme = if settings.secure { "https" } else { "http" };
        let agent = Self { keeper, answers, address: format!("{scheme}://127.0.0.1:{http}"), folder };
        if settings.secure {
            agent.until("the leader", |log| log.contains("cluster leadership acquired"));
        } else if settings.more.contains("acl {") {
            agent.until("the leader", |_| agent.answers("/v1/status/leader", ":"));
        } else {
            agent.wait_until_ready();
        }
        Some(agent)
    }

    /// Kills the agent at once; its tasks go on.
    pub fn kill(&mut self) {
        self.tell("kill");
    }

    /// Starts it again, as it was, on the same ports.
    pub fn restart(&mut self) {
        self.tell("start");
    }

    fn tell(&mut self, word: &str) {
        writeln!(self.keeper.stdin.as_mut().unwrap(), "{word}").unwrap();
        self.answers.read_line(&mut String::new()).unwrap();
    }

    /// What it printed.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// `exec` where this agent can run it, else `raw_exec` after saying so.
    pub fn exec_driver(&self) -> &'static str {
        let get = |path: &str| {
            let mut answer = ureq::get(format!("{}{path}", self.address)).call().unwrap();
            serde_json::from_str::<serde_json::Value>(&answer.body_mut().read_to_string().unwrap()).unwrap()
        };
        let node = get("/v1/nodes")[0]["ID"].as_str().unwrap().to_owned();
        let exec = &get(&format!("/v1/node/{node}"))["Drivers"]["exec"];
        if exec["Healthy"] == true {
            return "exec";
        }
        crate::corpus::skipped(format_args!(
            "the exec driver ({}); raw_exec is used",
            exec["HealthDescription"]
        ));
        "raw_exec"
    }

    fn answers(&self, path: &str, text: &str) -> bool {
        let answer = ureq::get(format!("{}{path}", self.address)).call();
        answer
            .and_then(|mut answer| answer.body_mut().read_to_string())
            .is_ok_and(|found| found.contains(text))
    }

    fn wait_until_ready(&self) {
        self.until("a ready node", |_| self.answers("/v1/nodes", r#""Status":"ready""#));
    }

    fn until(&self, what: &str, is_so: impl Fn(&str) -> bool) {
        let began = Instant::now();
        while !is_so(&self.log()) {
            assert!(began.elapsed() < Duration::from_secs(90), "no {what}:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// Ends the agent and waits for that.
impl Drop for Agent {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
