//! Cases of the interface `setup`: what one call is given, exactly what it gives, and, for a plan, the
//! first request that follows from it.

use crate::{Case, Format, Headers};
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One file of such cases about one theme.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetupChapter {
    /// The format's version: 1.
    pub version: u32,
    /// What the cases are about.
    pub chapter: String,
    /// The cases.
    pub cases: Vec<SetupCase>,
}

/// A call, and exactly what it gives.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetupCase {
    /// Unique in the suite.
    pub name: String,
    /// The behaviour, as a sentence.
    pub says: String,
    /// What other tracers do here, where that is known to be wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<String>,
    /// Which function is called.
    pub call: Call,
    /// Its argument, to the byte. Empty for one that takes none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub given: String,
    /// What it gives: a text to the byte; of `diagnose` an object of its three texts; of `configure` a
    /// list of warnings. Absent where it gives nothing.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub gives: Value,
    /// How it is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refused>,
    /// What follows from the plan, once for each answer of an agent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sends: Vec<Sending>,
}

/// A function of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Call {
    MakePlan,
    Configure,
    Diagnose,
    LossHeader,
    Variables,
    Names,
}

/// An argument that was wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// The path of the field.
    pub field: String,
    /// One sentence.
    pub message: String,
}

/// An instance that is started as the plan says makes one span.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sending {
    /// What the agent answers that the plan's `discovery` asks; absent if it asks none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentAnswer>,
    /// Which targets that means: `found` or `otherwise`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub means: Option<String>,
    /// The request that the span goes with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<FirstRequest>,
    /// Why it goes with none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<String>,
}

/// What an agent answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentAnswer {
    /// The HTTP status; 0 for silence.
    pub status: u16,
    /// The body.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
}

/// A request without its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstRequest {
    /// The complete URL.
    pub url: String,
    /// The unix socket in the place of its host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket: Option<String>,
    /// Its headers.
    pub headers: Headers,
    /// Those that the host adds: `HEADER: FORM SECRET`, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<String>,
}

/// What a process that runs one thing is given, as JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Job {
    /// A program in one format.
    Program(Box<Case>, Format),
    /// As for [`run_setup`].
    Setup(Box<SetupCase>, Option<usize>),
}

/// What came of a case, or of one `sends` of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SetupFound {
    /// As in the case.
    pub gives: Value,
    /// As in the case.
    pub refused: Option<Refused>,
    /// As in the case.
    pub sends: Option<Sending>,
}

/// A call's answer, or how it is refused as a wrong argument.
pub type Answered<T> = Result<std::result::Result<T, Refused>>;

/// An instance of the core that was just made.
pub trait SetupSubject {
    /// Makes a plan.
    fn make_plan(&mut self, input: &str) -> Answered<String>;
    /// Configures the instance; the warnings.
    fn configure(&mut self, settings: &str) -> Answered<Vec<Refused>>;
    /// Level, code and message.
    fn diagnose(&mut self, event: &str) -> [String; 3];
    /// The header's value.
    fn loss_header(&mut self, counters: &str) -> Option<String>;
    /// The table.
    fn variables(&mut self) -> String;
    /// The names.
    fn names(&mut self) -> String;
    /// Sets the targets that were waited for.
    fn set_targets(&mut self, targets: &str) -> Result<()>;
    /// Makes one span and polls everything: its request, or the reason it was dropped for.
    fn first_request(&mut self) -> Result<std::result::Result<FirstRequest, String>>;
}

/// Makes the call of a case (`at` is `None`), or goes on as one `sends` of it says. Each wants an
/// instance of its own, since one is configured once.
pub fn run_setup<S: SetupSubject>(
    case: &SetupCase,
    at: Option<usize>,
    subject: &mut S,
) -> Result<SetupFound> {
    if let Some(at) = at {
        let given = case.sends.get(at).context("no such `sends`")?;
        let sends = Some(go_on(case, given.agent.as_ref(), subject)?);
        return Ok(SetupFound { sends, ..SetupFound::default() });
    }
    let given = &case.given;
    let told = match case.call {
        Call::MakePlan => subject.make_plan(given)?.map(Value::String),
        Call::Configure => subject.configure(given)?.map(|warnings| json!(warnings)),
        Call::Diagnose => {
            let [level, code, message] = subject.diagnose(given);
            Ok(json!({"level": level, "code": code, "message": message}))
        }
        Call::LossHeader => Ok(json!(subject.loss_header(given))),
        Call::Variables => Ok(Value::String(subject.variables())),
        Call::Names => Ok(Value::String(subject.names())),
    };
    Ok(match told {
        Ok(gives) => SetupFound { gives, ..SetupFound::default() },
        Err(refused) => SetupFound { refused: Some(refused), ..SetupFound::default() },
    })
}

/// Does with a plan what a host does, up to the first request.
fn go_on<S: SetupSubject>(
    case: &SetupCase,
    agent: Option<&AgentAnswer>,
    subject: &mut S,
) -> Result<Sending> {
    let refused = |refused: Refused| anyhow::anyhow!("{}", refused.message);
    let plan: Value = serde_json::from_str(&subject.make_plan(&case.given)?.map_err(refused)?)?;
    ensure!(plan["enabled"] == true, "nothing follows from a plan that is off");
    subject.configure(&plan["settings"].to_string())?.map_err(refused)?;
    let discovery = plan.get("discovery");
    ensure!(discovery.is_some() == agent.is_some(), "`agent` goes with a plan's `discovery`");
    let means = discovery.zip(agent).map(|(discovery, agent)| {
        let sign = discovery["sign"].as_str().unwrap_or_default();
        let found = (200..300).contains(&agent.status) && agent.body.contains(sign);
        if found { "found" } else { "otherwise" }.to_owned()
    });
    if let Some((discovery, means)) = discovery.zip(means.as_deref()) {
        subject.set_targets(&discovery[means].to_string())?;
    }
    let (request, dropped) = match subject.first_request()? {
        Ok(request) => (Some(request), None),
        Err(reason) => (None, Some(reason)),
    };
    Ok(Sending { agent: agent.cloned(), means, request, dropped })
}

/// Compares what a case gives, and each of its `sends`, with what it must.
pub fn check_setup(
    case: &SetupCase,
    mut found: impl FnMut(Option<usize>) -> Result<SetupFound>,
) -> Result<()> {
    let got = found(None)?;
    let expected =
        SetupFound { gives: case.gives.clone(), refused: case.refused.clone(), sends: None };
    ensure!(got == expected, "{got:#?}\ninstead of\n{expected:#?}");
    for (at, expected) in case.sends.iter().enumerate() {
        let got = found(Some(at)).with_context(|| format!("sends {at}"))?.sends;
        ensure!(got.as_ref() == Some(expected), "{got:#?}\ninstead of\n{expected:#?}");
    }
    Ok(())
}

/// Writes what a case gives into it. A plan that says nothing of what follows from it gets that: with
/// the agent that takes spans and with silence, where an agent is asked.
pub fn bless_setup(
    case: &mut SetupCase,
    mut found: impl FnMut(&SetupCase, Option<usize>) -> Result<SetupFound>,
) -> Result<()> {
    let SetupFound { gives, refused, .. } = found(case, None)?;
    if let (Call::MakePlan, Some(plan)) = (case.call, gives.as_str()) {
        let plan: Value = serde_json::from_str(plan)?;
        let answer = |status, body: &Value| Sending {
            agent: Some(AgentAnswer { status, body: body.as_str().unwrap_or_default().to_owned() }),
            ..Sending::default()
        };
        if case.sends.is_empty() && plan["enabled"] == true {
            case.sends = match plan.get("discovery") {
                Some(discovery) => vec![answer(200, &discovery["sign"]), answer(0, &Value::Null)],
                None => vec![Sending::default()],
            };
        }
    }
    (case.gives, case.refused) = (gives, refused);
    for at in 0..case.sends.len() {
        case.sends[at] = found(case, Some(at))?.sends.context("what follows")?;
    }
    Ok(())
}
