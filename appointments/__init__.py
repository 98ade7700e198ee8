"""What is done: services, appointment types and statuses, appointments, visits with lines, diagnoses and dates."""
