"""Every message between the house and its parties and between its services; importing registers all."""

from shared import parties as parties
from shared.messages import governance as governance
from shared.messages import house as house
from shared.messages import intake as intake
from shared.messages import retention as retention
from shared.messages import rto as rto
from shared.messages import triage as triage
