-- Root fields and relations that give PostGraphile's answers our shape: plain SQL functions, which PostgreSQL inlines.
CREATE FUNCTION catalog_programs(category text) RETURNS SETOF program LANGUAGE sql STABLE AS $$
    SELECT * FROM program
    WHERE status IN ('active', 'retired') AND category_id = (SELECT id FROM program_category WHERE slug = category)
    ORDER BY name_folded
$$;
CREATE FUNCTION catalog_program(id text) RETURNS program LANGUAGE sql STABLE AS $$
    SELECT * FROM program WHERE status IN ('active', 'retired') AND uuid = replace(catalog_program.id, 'Program:', '')
$$;
CREATE FUNCTION catalog_courses(org text) RETURNS SETOF course LANGUAGE sql STABLE AS $$
    SELECT * FROM course
    WHERE organization_id = (SELECT organization_id FROM organization_alias WHERE alias = lower(org))
    ORDER BY readable_id
$$;
CREATE FUNCTION program_organizations(program program) RETURNS SETOF organization LANGUAGE sql STABLE AS $$
    SELECT organization.* FROM program_organization link JOIN organization ON organization.id = link.organization_id
    WHERE link.program_id = program.id ORDER BY link.position
$$;
CREATE FUNCTION program_courses(program program) RETURNS SETOF course LANGUAGE sql STABLE AS $$
    SELECT course.* FROM program_requirement link JOIN course ON course.id = link.course_id
    WHERE link.program_id = program.id ORDER BY link.sequence
$$;
