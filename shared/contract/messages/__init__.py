"""Define every message between the house and its parties and between its services.

Importing registers all.
"""

from shared.contract import parties as parties
from shared.contract.messages import governance as governance
from shared.contract.messages import house as house
from shared.contract.messages import intake as intake
from shared.contract.messages import known_check as known_check
from shared.contract.messages import retention as retention
from shared.contract.messages import rto as rto
from shared.contract.messages import triage as triage
