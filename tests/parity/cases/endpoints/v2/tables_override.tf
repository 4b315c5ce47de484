resource "aws_vpc_endpoint" "s3" {
  route_table_ids = [aws_route_table.main[1].id]
  policy          = null
}
