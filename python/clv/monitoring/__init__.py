"""Whether predictions held: noise, drift, alerts, decisions, tickets."""
