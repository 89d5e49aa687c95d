/**
 * fhir-kit-client prints the EHR's answers, which may repeat what a message says of a patient, wherever DEBUG asks for it.
 * Nobody gets to ask. Imported before everything else: libraries look at DEBUG once, when they are loaded.
 */
delete process.env['DEBUG'];
