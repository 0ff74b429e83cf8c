//! A real Nomad agent for the tests that have one: `NOMAD_BIN`, else `nomad` in the `PATH`.
//!
//! It runs under a small shell that ends it as soon as its standard input is closed, which
//! happens however the test ends. So no agent outlives its test, not even after a kill.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Ends the agent with the test, and removes its folder.
const KEEPER: &str = r#"
folder=$1; shift
"$@" >"$folder/log" 2>&1 </dev/null & agent=$!
cat >/dev/null
kill -TERM $agent 2>/dev/null
tries=0
while kill -0 $agent 2>/dev/null && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
kill -KILL $agent 2>/dev/null
rm -rf "$folder"
"#;

/// A running agent, server and client in one, with its state in memory.
pub struct Agent {
    keeper: Child,
    /// The address of its HTTP API.
    pub address: String,
    /// What it prints.
    pub log: PathBuf,
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
    /// Starts an agent on free ports and waits until a node is ready.
    pub fn start() -> Option<Self> {
        let binary = binary()?;
        let folder = tempfile::Builder::new().prefix("platy-agent").tempdir().unwrap().keep();
        let free = || TcpListener::bind("127.0.0.1:0").unwrap();
        let listeners = [free(), free(), free()];
        let [http, rpc, serf] = listeners.each_ref().map(|listener| listener.local_addr().unwrap().port());
        let config = format!(
            r#"
            bind_addr = "127.0.0.1"
            disable_update_check = true
            ports {{
              http = {http}
              rpc  = {rpc}
              serf = {serf}
            }}
            client {{
              options = {{ "fingerprint.denylist" = "env_aws,env_gce,env_azure,env_digitalocean" }}
            }}
            plugin "raw_exec" {{
              config {{ enabled = true }}
            }}
            "#
        );
        std::fs::write(folder.join("agent.hcl"), config).unwrap();
        drop(listeners);
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(&folder)
            .arg(&binary)
            .args(["agent", "-dev", "-config"])
            .arg(folder.join("agent.hcl"))
            .stdin(Stdio::piped())
            .env_remove("NOMAD_ADDR")
            .env_remove("NOMAD_TOKEN")
            .spawn()
            .unwrap();
        let agent = Self { keeper, address: format!("http://127.0.0.1:{http}"), log: folder.join("log") };
        agent.wait_until_ready();
        Some(agent)
    }

    fn wait_until_ready(&self) {
        let began = Instant::now();
        loop {
            let answer = ureq::get(format!("{}/v1/nodes", self.address)).call();
            let text = answer.and_then(|mut answer| answer.body_mut().read_to_string()).unwrap_or_default();
            if text.contains(r#""Status":"ready""#) {
                return;
            }
            let log = || std::fs::read_to_string(&self.log).unwrap_or_default();
            assert!(began.elapsed() < Duration::from_secs(60), "the agent is not ready:\n{}", log());
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
