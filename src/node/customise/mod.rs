//! `customise`, to come.
use super::card::Card;
use super::stop::Stop;
use crate::model::verb::{CustomiseArgs, CustomiseReport};
pub(crate) fn customise(_card: &Card, _args: &CustomiseArgs) -> Result<CustomiseReport, Stop> {
    Err(Stop::Gone)
}
