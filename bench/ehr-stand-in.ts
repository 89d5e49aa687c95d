import { startEhr } from '../sandbox/ehr/ehr.ts';
import { persons } from './synthetic-rows.ts';

/** The sandbox EHR with the Patients of the synthetic rows, in a process of its own. Prints the base of its FHIR API. */
const resources = persons.map((id) => ({ resourceType: 'Patient' as const, id }));
const ehr = await startEhr({ resources });
console.log(ehr.url);
process.on('SIGTERM', () => process.exit(0));
