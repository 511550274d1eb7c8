//! Identifiers: one newtype for each table row that travels. *Pure.*

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

id!(
    /// A node of the rack.
    NodeId
);
id!(
    /// A network switch that feeds nodes.
    SwitchId
);
id!(
    /// An environment that can be deployed.
    EnvironmentId
);
id!(
    /// A person's reservation of nodes.
    ReservationId
);
id!(
    /// One environment on one node for one reservation.
    DeploymentId
);
id!(
    /// An account.
    UserId
);
id!(
    /// A group of people.
    GroupId
);
id!(
    /// A time in which nodes are kept.
    BlockId
);
id!(
    /// A person's wish that waits for nodes.
    QueueId
);
id!(
    /// An API token.
    TokenId
);
id!(
    /// A question to a switch.
    InquiryId
);
id!(
    /// An image that is being made an environment.
    ImportId
);
id!(
    /// A search for the boards at the ports of a switch.
    DetectionId
);
id!(
    /// A saved form of a person.
    TemplateId
);
