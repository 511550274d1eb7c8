//! Switches in the API: enrolling, trying, asking, switching ports. For administrators. *IO: through the agent.*

use super::bearer::Administrator;
use super::created::Created;
use super::json::JsonBody;
use super::path::{Named, SwitchName};
use super::problem::Problem;
use crate::model::discovery::PortName;
use crate::model::ids::{InquiryId, ReservationId};
use crate::model::port_map::{PortView, PowerWish, SwitchView};
use crate::model::power::PowerState;
use crate::model::rack::{PETH_PSE_PORT_ADMIN_ENABLE, PowerDriver, Switch as Settings};
use crate::model::switch::{CommunityWish, Inquiry as Question, SnmpWish, SwitchWish};
use crate::web::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A switch with all its ports as they look. Its community is told to nobody.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Switch {
    /// Its name.
    name: String,
    /// Address and UDP port of its SNMP agent; null if people pull plugs.
    address: Option<String>,
    /// The object that switches power, without the port's index.
    base_oid: Option<String>,
    /// What is added to a port's number to get its index.
    index_offset: Option<u32>,
    /// The port that feeds pimaster itself.
    protected_port: Option<u16>,
    /// The address of the node at port 1, if ports give addresses.
    first_address: Option<String>,
    /// Its ports.
    ports: Vec<SwitchPort>,
}

/// A port as it looks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SwitchPort {
    /// Its number as printed on the switch.
    port: u16,
    /// What the switch said last: `on` or `off`.
    power: Option<String>,
    /// When it said so, RFC 3339.
    #[schema(format = DateTime)]
    seen_at: Option<String>,
    /// What an administrator asked for and nobody has done yet.
    asked: Option<String>,
    /// Why the last such wish could not be done.
    problem: Option<String>,
    /// What it took when the switch was last asked, of switches that measure it.
    milliwatts: Option<u32>,
    /// The node that it feeds.
    node: Option<String>,
}

/// A switch to enrol, or its settings from now on.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSwitch {
    /// Its name.
    name: String,
    /// How many ports it has.
    ports: u16,
    /// Address and UDP port of its SNMP agent; left out, people pull plugs.
    #[schema(example = "10.20.0.2:161")]
    address: Option<String>,
    /// The read-write community; left out, it stays as it is.
    #[schema(format = Password)]
    community: Option<String>,
    /// The object that switches power, without the port's index; `pethPsePortAdminEnable` of RFC 3621 if left out.
    base_oid: Option<String>,
    /// What is added to a port's number to get its index; 0 if left out.
    #[serde(default)]
    index_offset: u32,
    /// The port that feeds pimaster itself, which is never switched off.
    protected_port: Option<u16>,
    /// The address of the node at port 1; the others follow.
    first_address: Option<String>,
}

/// A port to switch.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SwitchPower {
    /// The port's number.
    port: u16,
    /// `on` or `off`.
    power: String,
    /// The reservation whose node may lose its power by that.
    despite: Option<i64>,
}

/// A question to a switch.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Inquiry {
    /// Names it in paths.
    id: i64,
    /// Whether it was answered, well or badly.
    answered: bool,
    /// When, RFC 3339.
    #[schema(format = DateTime)]
    answered_at: Option<String>,
    /// What the switch calls itself.
    description: Option<String>,
    /// What all its ports take together.
    watts: Option<u32>,
    /// What is wrong: seen, expected, advice.
    problem: Option<InquiryProblem>,
    /// What it said of each port.
    ports: Vec<AskedPort>,
}

/// What is wrong with a switch or its settings.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InquiryProblem {
    /// What was seen.
    seen: String,
    /// What was expected.
    expected: String,
    /// What to do.
    advice: String,
}

/// What a switch said of a port.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AskedPort {
    /// The port's number.
    port: u16,
    /// `on`, `off`, or null if it did not say.
    power: Option<String>,
    /// What it takes.
    milliwatts: Option<u32>,
}

/// Every switch with its ports as they look.
#[utoipa::path(get, path = "/api/v1/switches", tag = "switches", operation_id = "list_switches", responses(
    (status = 200, body = [Switch]),
    (status = 403, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    Administrator(caller): Administrator,
    State(app): State<App>,
) -> Result<Json<Vec<Switch>>, Problem> {
    let settings = app.agent.switch_settings(&caller).await?;
    let shown = app.agent.port_maps(&caller).await?.into_iter().filter_map(|view| {
        let settings = settings.iter().find(|it| it.id == view.id)?.clone();
        Some(switch(settings, view))
    });
    Ok(Json(shown.collect()))
}

/// Enrols a switch.
#[utoipa::path(post, path = "/api/v1/switches", tag = "switches", operation_id = "add_switch",
    request_body = NewSwitch, responses(
    (status = 204, description = "Enrolled"),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json"),
    (status = 422, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn add(
    Administrator(caller): Administrator,
    State(app): State<App>,
    JsonBody(new): JsonBody<NewSwitch>,
) -> Result<StatusCode, Problem> {
    app.agent.add_switch(&caller, new.judge()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes a switch, its name too.
#[utoipa::path(put, path = "/api/v1/switches/{name}", tag = "switches", operation_id = "change_switch",
    request_body = NewSwitch, params(("name" = String, Path, description = "The switch's name")), responses(
    (status = 204, description = "Changed"),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json"),
    (status = 422, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn change(
    Administrator(caller): Administrator,
    State(app): State<App>,
    Named(SwitchName(name)): Named<SwitchName>,
    JsonBody(new): JsonBody<NewSwitch>,
) -> Result<StatusCode, Problem> {
    app.agent.change_switch(&caller, &name, new.judge()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a switch that feeds no node.
#[utoipa::path(delete, path = "/api/v1/switches/{name}", tag = "switches", operation_id = "remove_switch",
    params(("name" = String, Path, description = "The switch's name")), responses(
    (status = 204, description = "Removed"),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "It feeds nodes", body = Problem, content_type = "application/problem+json"),
    (status = 422, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn remove(
    Administrator(caller): Administrator,
    State(app): State<App>,
    Named(SwitchName(name)): Named<SwitchName>,
) -> Result<StatusCode, Problem> {
    app.agent.remove_switch(&caller, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks a switch about all its ports; what it says is stored.
#[utoipa::path(post, path = "/api/v1/switches/{name}/read", tag = "switches", operation_id = "read_switch",
    params(("name" = String, Path, description = "The switch's name")), responses(
    (status = 201, description = "It is asked", body = Inquiry),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 422, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn read(
    Administrator(caller): Administrator,
    State(app): State<App>,
    Named(SwitchName(name)): Named<SwitchName>,
) -> Result<Created<Inquiry>, Problem> {
    let id = app.agent.read_switch(&caller, &name).await?;
    asked(app.agent.inquiry(&caller, id).await?)
}

/// Switches a port: never the one that feeds pimaster, and that of a node that somebody has only if it is named.
#[utoipa::path(post, path = "/api/v1/switches/{name}/power", tag = "switches", operation_id = "switch_port",
    request_body = SwitchPower, params(("name" = String, Path, description = "The switch's name")), responses(
    (status = 202, description = "It is asked for; the list of switches shows what became of it"),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Somebody has the node", body = Problem, content_type = "application/problem+json"),
    (status = 422, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn switch_port(
    Administrator(caller): Administrator,
    State(app): State<App>,
    Named(SwitchName(switch)): Named<SwitchName>,
    JsonBody(SwitchPower { port, power, despite }): JsonBody<SwitchPower>,
) -> Result<StatusCode, Problem> {
    let wanted = PowerState::from_word(&power).ok_or_else(|| {
        let detail = format!("power is `{}`; expected on or off", power.chars().take(40).collect::<String>());
        Problem::field("power", detail, "Send on or off.")
    })?;
    let wish = PowerWish { port: PortName { switch, port }, wanted, despite: despite.map(ReservationId) };
    app.agent.switch_port(&caller, wish).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Asks a switch by settings that are not saved, and changes nothing.
#[utoipa::path(post, path = "/api/v1/inquiries", tag = "switches", operation_id = "try_switch",
    request_body = NewSwitch, responses(
    (status = 201, description = "It is asked", body = Inquiry),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 422, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn attempt(
    Administrator(caller): Administrator,
    State(app): State<App>,
    JsonBody(new): JsonBody<NewSwitch>,
) -> Result<Created<Inquiry>, Problem> {
    let known = app.agent.switch_settings(&caller).await?.into_iter().find(|it| it.name == new.name);
    let known = known.map(|known| known.name);
    let id = app.agent.try_switch(&caller, known.as_deref(), new.judge()?).await?;
    asked(app.agent.inquiry(&caller, id).await?)
}

/// What a switch said, once it has.
#[utoipa::path(get, path = "/api/v1/inquiries/{id}", tag = "switches", operation_id = "inquiry",
    params(("id" = i64, Path, description = "What asking gave")), responses(
    (status = 200, body = Inquiry),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn inquiry(
    Administrator(caller): Administrator,
    State(app): State<App>,
    Named(id): Named<InquiryId>,
) -> Result<Json<Inquiry>, Problem> {
    Ok(Json(told(app.agent.inquiry(&caller, id).await?)))
}

impl NewSwitch {
    fn judge(self) -> Result<SwitchWish, Problem> {
        let parsed = |field: &str, text: String, example: &str| {
            let detail = format!(
                "{field} is `{}`; expected one such as {example}",
                text.chars().take(80).collect::<String>()
            );
            Problem::field(field, detail, "Correct it, or leave it out.")
        };
        let address =
            self.address.map(|text| text.parse().map_err(|_| parsed("address", text, "10.20.0.2:161")));
        let first = self
            .first_address
            .map(|text| text.parse().map_err(|_| parsed("first_address", text, "10.20.0.10")));
        let community = self.community.filter(|text| !text.is_empty());
        let community = community.map_or(CommunityWish::Keep, |text| CommunityWish::Given(text.into()));
        let base_oid = self.base_oid.unwrap_or_else(|| PETH_PSE_PORT_ADMIN_ENABLE.to_owned());
        let index_offset = self.index_offset;
        let snmp =
            address.transpose()?.map(|address| SnmpWish { address, community, base_oid, index_offset });
        Ok(SwitchWish {
            name: self.name,
            snmp,
            ports: self.ports,
            protected_port: self.protected_port,
            first_address: first.transpose()?,
        })
    }
}

fn switch(settings: Settings, view: SwitchView) -> Switch {
    let (address, base_oid, index_offset) = match settings.driver {
        PowerDriver::Snmp { address, base_oid, index_offset, .. } => {
            (Some(address.to_string()), Some(base_oid), Some(index_offset))
        }
        PowerDriver::None => (None, None, None),
    };
    Switch {
        name: settings.name,
        address,
        base_oid,
        index_offset,
        protected_port: settings.protected_port,
        first_address: settings.first_address.map(|it| it.to_string()),
        ports: view.ports.into_iter().map(port).collect(),
    }
}

fn port(view: PortView) -> SwitchPort {
    let word = |state: PowerState| state.as_str().to_owned();
    SwitchPort {
        port: view.number,
        power: view.power.seen.map(|(state, _)| word(state)),
        seen_at: view.power.seen.map(|(_, at)| at.to_string()),
        asked: view.power.asked.map(word),
        problem: view.power.problem,
        milliwatts: view.power.milliwatts.map(|(taken, _)| taken),
        node: view.node.map(|node| node.to_string()),
    }
}

fn asked(question: Question) -> Result<Created<Inquiry>, Problem> {
    Ok(Created { at: format!("/api/v1/inquiries/{}", question.id), made: told(question) })
}

fn told(question: Question) -> Inquiry {
    let (answered, (answer, at)) = (question.answer.is_some(), question.answer.unzip());
    let answer = answer.unwrap_or_default();
    let problem = answer.problem();
    Inquiry {
        id: question.id.0,
        answered,
        answered_at: at.map(|at| at.to_string()),
        problem: problem.map(|it| InquiryProblem { seen: it.seen, expected: it.expected, advice: it.advice }),
        description: answer.description,
        watts: answer.watts,
        ports: (answer.ports.into_iter())
            .map(|it| AskedPort {
                port: it.port,
                power: it.seen.map(|state| state.as_str().to_owned()),
                milliwatts: it.milliwatts,
            })
            .collect(),
    }
}
